#include "remint/kube/server_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "remint/base/ip.hpp"
#include "remint/base/text.hpp"

namespace remint::kube {
namespace {

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
}

// What may stand in a path that goes unchanged into a request line.
bool is_path_character(char c) {
  return is_name_character(c) || std::string_view("/~%:@!$&'()*+,;=").find(c) != std::string_view::npos;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535) {
    return fail(ErrorCode::kInvalid, fmt::format("must have a port from 1 to 65535, has \"{}\"", sanitize(text, 40)));
  }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

std::string ServerUrl::to_string() const {
  return fmt::format("{}://{}{}{}:{}{}", tls ? "https" : "http", host_is_v6 ? "[" : "", host, host_is_v6 ? "]" : "",
                     port, path);
}

bool ServerUrl::is_loopback() const {
  const auto address = IpAddress::parse(host);
  return address ? address->is_loopback() : host == "localhost";
}

Result<ServerUrl> parse_server_url(std::string_view text) {
  const auto invalid = [&](std::string_view what) {
    return fail(ErrorCode::kInvalid, fmt::format("{}, is \"{}\"", what, sanitize(text, 200)));
  };
  ServerUrl url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    url.tls = false;
    url.port = 80;
  } else {
    return invalid("must begin with https:// or http://");
  }
  const std::size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  std::string_view path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  if (!std::ranges::all_of(path, is_path_character)) {
    return invalid("must not have a query, a fragment or unencoded characters");
  }
  url.path = path;

  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return invalid("must close the bracket of its IPv6 address");
    }
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) {
      return invalid("must have nothing but a port behind its IPv6 address");
    }
    has_port = !port.empty();
    const auto address = IpAddress::parse(url.host);
    if (url.host.find(':') == std::string::npos || !address) {
      return invalid("must have an IPv6 address between its brackets");
    }
    if (url.host.find('%') != std::string::npos) {
      return invalid("must not have a zone in its IPv6 address");
    }
    url.host_is_v6 = true;
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    has_port = colon != std::string_view::npos;
    port = has_port ? authority.substr(colon) : std::string_view{};
    if (url.host.empty() || !std::ranges::all_of(url.host, is_name_character)) {
      return invalid("must have a host (an IPv6 address in brackets), and no user name");
    }
    url.host_is_v4 = IpAddress::parse(url.host).has_value();
  }
  if (has_port) {
    auto number = parse_port(port.substr(1));
    if (!number) {
      return std::unexpected(number.error());
    }
    url.port = *number;
  }
  return url;
}

}  // namespace remint::kube
