// klog's JSON format (--logging-format=json). Facts: kubernetes.md 1.1.
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "apiserver_line.hpp"
#include "apiserver_reason.hpp"
#include "ascii.hpp"

namespace remint::detect {
namespace {

using nlohmann::json;

const std::string* text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

/// Milliseconds since the epoch. As a double they are good to a quarter of a microsecond, which must not make one
/// microsecond less of them when the rest is cut off, as klog and audit cut it.
std::optional<Time> read_ts(const json& object) {
  constexpr double kGood = 0.125;
  constexpr double kEnd = 253'402'300'800'000.0;  // year 10000
  const auto found = object.find("ts");
  if (found == object.end() || !found->is_number()) {
    return std::nullopt;
  }
  const auto milliseconds = found->get<double>();
  if (!(milliseconds > 0 && milliseconds < kEnd)) {
    return std::nullopt;
  }
  // Multiplying it as a whole would cost the bits that are needed.
  const double whole = std::floor(milliseconds);
  const double microseconds = std::floor((milliseconds - whole) * 1000.0 + kGood);
  return Time(std::chrono::milliseconds(static_cast<std::int64_t>(whole)) +
              Duration(static_cast<std::int64_t>(microseconds)));
}

bool is_unauthorized(const json& object) {
  const auto found = object.find("resp");
  return found != object.end() && found->is_number_integer() && *found == 401;
}

LineVerdict read_message(const json& object, const std::string& message, ApiServerLine& line) {
  if (message == "HTTP") {
    if (!is_unauthorized(object)) {
      return LineVerdict::kIgnored;
    }
    line.kind = ApiServerLine::Kind::kRequest;
    if (const auto* source = text_of(object, "srcIP")) {
      line.source = read_socket_address(*source);
    }
    if (const auto* id = text_of(object, "audit-ID")) {
      line.audit_id = id->substr(0, kLongestAuditId);
    }
    return LineVerdict::kMatters;
  }
  if (starts_with_nocase(message, kAudienceMessage)) {
    read_reason(message, line);
    return LineVerdict::kMatters;
  }
  if (!starts_with_nocase(message, kFailedMessage)) {
    return LineVerdict::kIgnored;
  }
  // Versions that formatted the error into the message could log JSON, too (1.19, 1.20).
  const std::size_t colon = message.find(": ");
  const auto* error = text_of(object, "err");
  if (error == nullptr && colon == std::string::npos) {
    return LineVerdict::kInvalid;
  }
  read_reason(error != nullptr ? std::string_view(*error) : std::string_view(message).substr(colon + 2), line);
  return LineVerdict::kMatters;
}

}  // namespace

bool may_matter(std::string_view json_text) {
  // Both kinds of reason lines, whatever the case of their first letter; and any number that could be the answer's.
  return json_text.find("401") != std::string_view::npos ||
         json_text.find("nable to authenticate the request") != std::string_view::npos ||
         json_text.find("nable to match the audience") != std::string_view::npos;
}

LineVerdict read_json_line(const json& object, const LineTime& when, ApiServerLine& line) {
  const auto* message = object.is_object() ? text_of(object, "msg") : nullptr;
  if (message == nullptr) {
    return LineVerdict::kIgnored;
  }
  const LineVerdict verdict = read_message(object, *message, line);
  if (verdict != LineVerdict::kMatters) {
    return verdict;
  }
  const auto ts = read_ts(object);
  if (!ts && !when.written) {
    return LineVerdict::kInvalid;
  }
  line.time = ts ? *ts : *when.written;
  return LineVerdict::kMatters;
}

}  // namespace remint::detect
