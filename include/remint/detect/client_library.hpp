#pragma once
// What a user agent tells of the client library behind it, and what would keep that library's tokens fresh. Pure.
// Facts: Kubernetes' and the libraries' documentation and source, named in each row of the table (client_library.cpp).

#include <cstdint>
#include <string>
#include <string_view>

namespace remint::detect {

enum class ReReads : std::uint8_t {
  kUnknown,  ///< the user agent does not show the library, or not its version
  kNo,       ///< this version reads its token once
  kYes,      ///< it re-reads the file: a token that dies all the same was copied by the program, or its file was old
};
/// "unknown", "no", "yes"
[[nodiscard]] std::string_view to_string(ReReads reads);

struct ClientLibrary {
  std::string library;  ///< "client-go", "Python kubernetes"; empty: not known
  std::string version;  ///< of the library; empty: not shown
  std::string program;  ///< the program that the user agent names, "kube-proxy 1.13.4"; empty: none
  ReReads re_reads = ReReads::kUnknown;
  std::string minimum_version;  ///< from which on the library re-reads; empty: not known, or not needed
  std::string advice;           ///< a sentence for people: what would fix it for good
};

/// `user_agent` is hostile; texts of the result are sanitized and bounded (128 bytes, the advice 512). "" is a client
/// that sends none. Never fails: what is not recognised is kUnknown, and says so.
[[nodiscard]] ClientLibrary client_library(std::string_view user_agent);

}  // namespace remint::detect
