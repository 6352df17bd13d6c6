#pragma once
// The address of an API server, taken apart and checked once, so that nobody else needs to read URLs.

#include <cstdint>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"

namespace remint::kube {

struct ServerUrl {
  bool tls = true;
  std::string host;         ///< a name, or an address without brackets
  bool host_is_v4 = false;  ///< an IPv4 literal
  bool host_is_v6 = false;  ///< an IPv6 literal
  std::uint16_t port = 443;
  std::string path;  ///< "" or "/k8s/clusters/c-1": no trailing slash

  /// "https://[::1]:6443/prefix": always with the port.
  [[nodiscard]] std::string to_string() const;
  /// The machine itself: what is sent there in clear is not seen on a network.
  [[nodiscard]] bool is_loopback() const;
};

/// Accepts http:// and https:// with a host, an optional port and an optional path; no user, query or fragment.
/// Messages begin with a verb ("must begin with https://, is ..."), so that the caller can put the field's name in
/// front.
[[nodiscard]] Result<ServerUrl> parse_server_url(std::string_view text);

}  // namespace remint::kube
