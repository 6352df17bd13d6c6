#pragma once
// POST /apiserver-log: lines of API servers' logs that somebody ships, as they are or in the envelopes of
// detect/shipped.hpp.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/detect/apiserver_log.hpp"
#include "remint/http/server.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/audit_webhook.hpp"

namespace remint::sources {

struct ApiServerLogIntakeSettings {
  AuditWebhookSettings senders{};  ///< who may post, as to the audit endpoint
  Duration utc_offset{};           ///< see detect::LogClock
  std::uint32_t first_stream = 0;  ///< those below are the files that are followed
  std::size_t streams = 32;        ///< told apart by name; further ones are taken for one
};

/// Thread-safe. A body has whole lines; a stream is named by the envelope, else by the query `?stream=NAME`, else by
/// the sender's address.
///
/// Metrics: those of ApiServerLogFollower by line; remint_apiserver_log_bodies_total{result}, and
/// remint_apiserver_log_posted_lag_seconds, the age of the newest line that matters when it came.
class ApiServerLogIntake {
 public:
  /// Takes the lines of one stream; false when there is no room for them now. Must not wait.
  using Deliver = std::function<bool(std::uint32_t stream, std::vector<detect::ApiServerLine>&& lines)>;

  /// As AuditWebhook::create.
  [[nodiscard]] static Result<std::unique_ptr<ApiServerLogIntake>> create(ApiServerLogIntakeSettings settings,
                                                                          Deliver deliver, metrics::Registry& metrics,
                                                                          const Clock& clock);
  ~ApiServerLogIntake();
  /// For Route::admit.
  [[nodiscard]] std::optional<http::Response> admit(const http::Request& request);
  /// 200 once the lines are on their way; 400 for an empty body or one that breaks (what was before the break is
  /// taken); 401, 413, 415; 429 when detection is behind: to be sent again.
  [[nodiscard]] http::Response handle(const http::Request& request);
  /// Lines that came on another way. False when there was no room.
  bool take(std::string_view stream, std::string_view lines);

 private:
  struct Impl;
  explicit ApiServerLogIntake(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources
