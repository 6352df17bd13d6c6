#pragma once
// POST /audit: authenticates the sender, decodes in place, queues, answers. Never blocks, never sinks a batch for one
// bad event. The sender's contract: facts in kubernetes.md section 5 (any status but 2xx is an error and is sent
// again). Records that clouds and log collectors have put into envelopes are taken, too: detect/shipped.hpp.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/http/server.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/batch_queue.hpp"

namespace remint::sources {

struct AuditWebhookSettings {
  bool demand_client_certificate = true;  ///< a verified client certificate authenticates the sender
  /// Common names, one of which that certificate must have; empty: any will do.
  std::vector<std::string> client_names{};
  std::string token_file;  ///< bearer token that authenticates too (both given: either is enough); re-read on change
  std::string token_of = "audit";  ///< whose token that is, for messages
  bool no_authentication =
      false;  ///< only for plain HTTP by an explicit flag: without a token file any loopback peer may post
  std::size_t max_unpacked_bytes = 64U << 20U;
  /// Takes lines of an API server's log that came among the events: the server's name, as far as it is known, and whole
  /// lines. False when they had to be dropped. Nothing set: they are. Must not wait.
  std::function<bool(std::string_view stream, std::string_view lines)> log_lines{};
};

/// Thread-safe.
class AuditWebhook {
 public:
  /// kInvalid when nothing is demanded and no_authentication is not set, or when the token file cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<AuditWebhook>> create(AuditWebhookSettings settings, BatchQueue& queue,
                                                                    metrics::Registry& metrics, const Clock& clock);
  ~AuditWebhook();
  /// For Route::admit: the 401 or 415 that needs no body to be read. Nothing means: go on. A bearer token may also
  /// stand in Firehose's own header.
  [[nodiscard]] std::optional<http::Response> admit(const http::Request& request);
  /// 200 once queued; 400 for an empty or broken body (the events before the break are queued) or one without any audit
  /// event; 401, 413, 415; 429 with Retry-After when the queue is full. Does what admit() does, too. A Firehose
  /// delivery is answered in Firehose's own form.
  [[nodiscard]] http::Response handle(const http::Request& request);

 private:
  struct Impl;
  explicit AuditWebhook(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources
