#pragma once
// The count of log lines by what became of them, shared by all ways on which they come.

#include <cstdint>
#include <string>

#include "remint/detect/apiserver_log.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::sources {

struct LineCounters {
  explicit LineCounters(metrics::Registry& metrics)
      : reasons(of(metrics, "reason")),
        requests(of(metrics, "request")),
        ignored(of(metrics, "ignored")),
        too_long(of(metrics, "too_long")),
        invalid(of(metrics, "invalid")) {}

  static metrics::Counter& of(metrics::Registry& metrics, const std::string& result) {
    return metrics.counter("remint_apiserver_log_lines_total", "Lines of API servers' logs, by what became of them.",
                           {{"result", result}});
  }
  /// Adds what was counted since `before`, and remembers.
  void add(const detect::ApiServerLogCounts& now, detect::ApiServerLogCounts& before) {
    const auto grown = [](std::uint64_t after, std::uint64_t past) { return static_cast<double>(after - past); };
    reasons.add(grown(now.reasons, before.reasons));
    requests.add(grown(now.requests, before.requests));
    ignored.add(grown(now.ignored, before.ignored));
    too_long.add(grown(now.too_long, before.too_long));
    invalid.add(grown(now.invalid, before.invalid));
    before = now;
  }

  metrics::Counter &reasons, &requests, &ignored, &too_long, &invalid;
};

}  // namespace remint::sources
