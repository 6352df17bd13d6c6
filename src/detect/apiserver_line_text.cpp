// klog's text format. Facts: kubernetes.md 1.1 and 1.4.
#include <string>

#include "apiserver_line.hpp"
#include "apiserver_reason.hpp"
#include "ascii.hpp"
#include "klog_text.hpp"
#include "klog_time.hpp"

namespace remint::detect {
namespace {

constexpr std::string_view kUnauthorized = "resp=401";

/// "... the request due to an error: X" (<= 1.20).
std::string_view after_colon(std::string_view text) {
  const std::size_t colon = text.find(": ");
  return colon == std::string_view::npos ? std::string_view() : text.substr(colon + 2);
}

/// `"HTTP" verb="GET" ...` since 1.19, `verb="GET" ...` before.
LineVerdict read_request(std::string_view pairs, ApiServerLine& line) {
  std::optional<std::string> code, source;
  KeyValues pair(pairs);
  while (pair.next()) {
    // The first one counts: what the server adds for others' handlers comes after its own.
    if (pair.key() == "srcIP" && !source) {
      source = pair.value();
    } else if (pair.key() == "audit-ID" && line.audit_id.empty()) {
      line.audit_id = pair.value().substr(0, kLongestAuditId);
    } else if (pair.key() == "resp" && !code) {
      code = pair.value();
    }
  }
  if (pair.broken()) {
    return LineVerdict::kInvalid;
  }
  line.kind = ApiServerLine::Kind::kRequest;
  line.source = source ? read_socket_address(*source) : std::nullopt;
  return code == "401" ? LineVerdict::kMatters : LineVerdict::kIgnored;
}

LineVerdict read_failure(std::string_view pairs, ApiServerLine& line) {
  KeyValues pair(pairs);
  while (pair.next()) {
    if (pair.key() == "err") {
      // An error of several lines is no ServiceAccount token's.
      read_reason(pair.value() == "<" ? "an error of several lines" : std::string_view(pair.value()), line);
      return LineVerdict::kMatters;
    }
  }
  return LineVerdict::kInvalid;
}

LineVerdict read_quoted(std::string_view message, ApiServerLine& line) {
  constexpr std::string_view kHttp = "\"HTTP\" ";
  if (message.starts_with(kHttp)) {
    return message.find(kUnauthorized) == std::string_view::npos ? LineVerdict::kIgnored
                                                                 : read_request(message.substr(kHttp.size()), line);
  }
  if (!starts_with_nocase(message.substr(1), kFailedMessage)) {
    return LineVerdict::kIgnored;
  }
  const auto text = eat_go_string(message);
  if (!text) {
    return LineVerdict::kInvalid;
  }
  return equals_nocase(*text, kFailedMessage) ? read_failure(message, line) : LineVerdict::kIgnored;
}

LineVerdict read_message(std::string_view message, ApiServerLine& line) {
  if (message.starts_with('"')) {
    return read_quoted(message, line);
  }
  if (message.starts_with("verb=")) {
    return message.find(kUnauthorized) == std::string_view::npos ? LineVerdict::kIgnored : read_request(message, line);
  }
  if (starts_with_nocase(message, kAudienceMessage)) {
    read_reason(message, line);
    return LineVerdict::kMatters;
  }
  if (!starts_with_nocase(message, kFailedMessage)) {
    return LineVerdict::kIgnored;
  }
  const std::string_view error = after_colon(message);
  if (error.empty()) {
    return LineVerdict::kInvalid;
  }
  read_reason(error, line);
  return LineVerdict::kMatters;
}

}  // namespace

LineVerdict read_text_line(std::string_view text, const LineTime& when, ApiServerLine& line) {
  const auto header = read_klog_header(text);
  if (!header) {
    return LineVerdict::kIgnored;
  }
  const LineVerdict verdict = read_message(header->message, line);
  if (verdict != LineVerdict::kMatters) {
    return verdict;
  }
  const auto time = read_klog_time(header->time, when.written, when.clock);
  if (!time) {
    return LineVerdict::kInvalid;
  }
  line.time = *time;
  return LineVerdict::kMatters;
}

std::optional<IpAddress> read_socket_address(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(1, end - 1));
  }
  // One colon is a port's; more of them are an IPv6 address without one.
  const std::size_t colon = text.find(':');
  const bool port = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
  return IpAddress::parse(port ? text.substr(0, colon) : text);
}

}  // namespace remint::detect
