#include "wire.hpp"

#include <fmt/format.h>

#include <iterator>

namespace remint::http {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string serialize(const Response& response, WireOptions options) {
  std::string out;
  out.reserve(256 + response.body.size());
  auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\nContent-Length: {}\r\n", response.status, reason_phrase(response.status),
                 response.body.size());
  // An answer whose Content-Type cannot be parsed makes kube-apiserver send the batch again: none is better than an
  // empty one.
  if (!response.content_type.empty()) fmt::format_to(to, "Content-Type: {}\r\n", response.content_type);
  if (response.retry_after_seconds) fmt::format_to(to, "Retry-After: {}\r\n", *response.retry_after_seconds);
  if (!response.allow.empty()) fmt::format_to(to, "Allow: {}\r\n", response.allow);
  if (response.status == 401) out += "WWW-Authenticate: Bearer realm=\"remint\"\r\n";
  if (options.close) {
    out += "Connection: close\r\n";
  } else if (options.keep_http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!options.omit_body) out += response.body;
  return out;
}

}  // namespace remint::http
