#pragma once
// Reading lines of kube-apiserver's log in tests.

#include <string>
#include <string_view>
#include <vector>

#include "remint/detect/apiserver_log.hpp"

namespace remint::detect::testing {

inline Time at(std::string_view text) { return parse_rfc3339(text).value(); }

inline LogClock in_november() { return {.reference = at("2024-11-26T03:40:00Z")}; }

struct ReadLog {
  std::vector<ApiServerLine> lines;
  ApiServerLogCounts counts;
};

/// The whole text at once, then its end.
inline ReadLog read_log(std::string_view text, const LogClock& clock = in_november(), ApiServerLogLimits limits = {}) {
  ReadLog log;
  ApiServerLogParser parser(limits);
  const auto keep = [&](ApiServerLine&& line) { log.lines.push_back(std::move(line)); };
  parser.feed(text, clock, keep);
  parser.finish(clock, keep);
  log.counts = parser.counts();
  return log;
}

inline bool adds_up(const ApiServerLogCounts& c) {
  return c.lines == c.reasons + c.requests + c.ignored + c.too_long + c.invalid;
}

/// As klog and Go's %q write it.
inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

inline const std::string kHeader = "E1126 03:38:26.776766       1 authentication.go:75] ";

/// Since 1.21.
inline std::string structured(std::string_view error) {
  return kHeader + "\"Unable to authenticate the request\" err=" + quoted(error) + "\n";
}
/// Until 1.20.
inline std::string unstructured(std::string_view error) {
  return "E1126 03:38:26.776766       1 authentication.go:53] Unable to authenticate the request due to an error: " +
         std::string(error) + "\n";
}
/// --logging-format=json
inline std::string as_json(std::string_view error) {
  return R"({"ts":1732592306776.766,"caller":"filters/authentication.go:75","msg":"Unable to authenticate the request","err":)" +
         quoted(error) + "}\n";
}
inline std::string listed(std::string_view error) { return "[invalid bearer token, " + std::string(error) + "]"; }

inline bool same(const ApiServerLine& a, const ApiServerLine& b) {
  return a.kind == b.kind && a.diagnosis == b.diagnosis && a.time == b.time && a.text == b.text &&
         a.pod_uid == b.pod_uid && a.service_account_uid == b.service_account_uid &&
         a.service_account == b.service_account && a.audit_id == b.audit_id && a.source == b.source;
}

}  // namespace remint::detect::testing
