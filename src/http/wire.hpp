#pragma once
// Answers as bytes.

#include <string>
#include <string_view>

#include "remint/http/server.hpp"

namespace remint::http {

struct WireOptions {
  bool close = false;        ///< tell the client that the connection ends here
  bool keep_http10 = false;  ///< an HTTP/1.0 client that asked to keep the connection must be told that we do
  bool omit_body = false;    ///< the answer to HEAD
};

/// Status line, headers and body in one string.
[[nodiscard]] std::string serialize(const Response& response, WireOptions options);

/// "Not Found" and the like; "Status" for codes without a common name.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace remint::http
