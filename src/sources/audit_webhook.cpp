#include "remint/sources/audit_webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "posted_body.hpp"
#include "remint/base/json.hpp"
#include "remint/base/log.hpp"
#include "remint/base/text.hpp"
#include "remint/detect/shipped.hpp"
#include "sender_check.hpp"

namespace remint::sources {
namespace {

/// What became of a posted body; the label of remint_audit_batches_total.
enum class Fate : std::uint8_t {
  kQueued,
  kBroken,
  kEmpty,
  kNoEvents,
  kUnauthorized,
  kUnsupported,
  kTooLarge,
  kQueueFull
};
constexpr std::array<const char*, 8> kFates = {"queued",       "broken",      "empty",     "no_events",
                                               "unauthorized", "unsupported", "too_large", "queue_full"};

/// An answer as Firehose wants it; any other counts as a failure, and is sent again.
http::Response for_firehose(http::Response response, std::string_view request_id, Time now) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  Json answer = {{"requestId", request_id}, {"timestamp", since_epoch}};
  if (response.status != 200) answer["errorMessage"] = sanitize(response.body);
  response.content_type = "application/json";
  response.body = dump_json(answer);
  return response;
}

}  // namespace

struct AuditWebhook::Impl {
  /// What one body needs, kept for the next one.
  struct Readers {
    detect::AuditDecoder decoder;
    detect::ShippedReader shipped;
    detect::ShippedBody found;
  };

  Impl(AuditWebhookSettings chosen, std::unique_ptr<SenderCheck> check, BatchQueue& target, metrics::Registry& metrics,
       const Clock& time)
      : settings(std::move(chosen)),
        senders(std::move(check)),
        queue(target),
        clock(time),
        invalid(metrics.counter("remint_audit_events_invalid_total", "Audit events that could not be understood.")),
        unwrapped(metrics.counter("remint_audit_events_unwrapped_total",
                                  "Audit events that came in the envelope of a log service or log collector.")),
        foreign(metrics.counter("remint_audit_records_foreign_total",
                                "Records in such envelopes that are of another program than an API server.")),
        lines_dropped(metrics.counter("remint_audit_log_bodies_dropped_total",
                                      "Bodies whose lines of an API server's log could not be handed on.")) {
    for (std::size_t i = 0; i < kFates.size(); ++i) {
      fates.at(i) =
          &metrics.counter("remint_audit_batches_total", "Bodies posted to the audit endpoint, by what became of them.",
                           {{"result", kFates.at(i)}});
    }
  }

  /// Counts, and logs a refusal: at most one line in ten seconds, for a sender repeats itself.
  http::Response refuse(Fate fate, int status, std::string text, const http::Request& request) {
    fates.at(static_cast<std::size_t>(fate))->add();
    const auto now = clock.steady_now().count();
    auto last = last_logged.load();
    constexpr std::int64_t kQuiet = 10'000'000'000;
    if ((last == 0 || now - last > kQuiet) && last_logged.compare_exchange_strong(last, now)) {
      log::warn("Audit batch refused", {{"status", status},
                                        {"reason", sanitize(text)},
                                        {"peer", request.peer_address},
                                        {"client", sanitize(request.client_subject)}});
    }
    return {.status = status, .body = std::move(text) + "\n"};
  }

  std::unique_ptr<Readers> take_readers() {
    {
      const std::lock_guard lock(mutex);
      if (!readers.empty()) {
        auto free = std::move(readers.back());
        readers.pop_back();
        return free;
      }
    }
    return std::make_unique<Readers>();
  }
  void give_back(std::unique_ptr<Readers> used) {
    const std::lock_guard lock(mutex);
    readers.push_back(std::move(used));  // never more than there are I/O threads
  }

  /// What is no audit event itself may have some within. Adds them to the report, and passes log lines on; true when
  /// the body has anything of use, if it is only a greeting.
  bool open_envelopes(std::string_view body, Readers& with, AuditDelivery& delivery);
  http::Response take(std::string_view body, const http::Request& request);
  http::Response settle(std::unique_ptr<AuditDelivery> delivery, bool of_use, const std::optional<Error>& why,
                        const http::Request& request);

  const AuditWebhookSettings settings;
  const std::unique_ptr<SenderCheck> senders;
  BatchQueue& queue;
  const Clock& clock;
  metrics::Counter& invalid;
  std::array<metrics::Counter*, kFates.size()> fates{};
  std::atomic<std::int64_t> last_logged = 0;
  metrics::Counter &unwrapped, &foreign, &lines_dropped;
  std::mutex mutex;  ///< guards readers
  std::vector<std::unique_ptr<Readers>> readers;
};

AuditWebhook::AuditWebhook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AuditWebhook::~AuditWebhook() = default;

Result<std::unique_ptr<AuditWebhook>> AuditWebhook::create(AuditWebhookSettings settings, BatchQueue& queue,
                                                           metrics::Registry& metrics, const Clock& clock) {
  auto senders = SenderCheck::create(settings, clock);
  if (!senders) return std::unexpected(senders.error());
  return std::unique_ptr<AuditWebhook>(
      new AuditWebhook(std::make_unique<Impl>(std::move(settings), std::move(*senders), queue, metrics, clock)));
}

std::optional<http::Response> AuditWebhook::admit(const http::Request& request) {
  if (!impl_->senders->may_post(request)) {
    return impl_->refuse(Fate::kUnauthorized, 401,
                         "this endpoint takes audit events only with a trusted client certificate or bearer token",
                         request);
  }
  if (const auto why = unsupported_content(request)) return impl_->refuse(Fate::kUnsupported, 415, *why, request);
  return std::nullopt;
}

http::Response AuditWebhook::handle(const http::Request& request) {
  if (auto refused = admit(request)) return std::move(*refused);
  const auto body = PostedBody::unpack(request, impl_->settings.max_unpacked_bytes);
  if (body) return impl_->take(body->text(), request);
  const bool too_large = body.error().code == ErrorCode::kTooLarge;
  return impl_->refuse(too_large ? Fate::kTooLarge : Fate::kBroken, too_large ? 413 : 400, body.error().message,
                       request);
}

bool AuditWebhook::Impl::open_envelopes(std::string_view body, Readers& with, AuditDelivery& delivery) {
  auto& found = with.found;
  found.clear();
  with.shipped.read(body, found);
  if (!found.envelope) return false;
  const auto inner = with.decoder.decode_lines(found.events, delivery.batch);
  auto& report = delivery.report;
  // What looked invalid were the envelopes; events beside them that are invalid themselves stay so.
  const std::uint64_t beside = report.events - report.invalid;
  const std::uint64_t bad_beside = found.plain - std::min(found.plain, beside);
  report.invalid = inner.invalid + found.invalid + bad_beside;
  report.events = beside + inner.events + found.invalid + bad_beside;
  report.rejected += inner.rejected;
  report.stale += inner.stale;
  report.ignored += inner.ignored;
  report.broken = found.broken ? found.problem : std::nullopt;
  unwrapped.add(static_cast<double>(inner.events));
  foreign.add(static_cast<double>(found.foreign));
  bool all = true;
  for (const auto& lines : found.logs) {
    all = settings.log_lines && settings.log_lines(lines.stream, lines.text) && all;
  }
  if (!all) lines_dropped.add();
  return found.invalid == 0 || inner.events > inner.invalid || !found.logs.empty();
}

http::Response AuditWebhook::Impl::take(std::string_view body, const http::Request& request) {
  const auto received = clock.steady_now().count();
  if (is_blank(body))
    return refuse(Fate::kEmpty, 400, "the body is empty; an audit.k8s.io/v1 EventList was expected", request);

  auto delivery = queue.take_empty();
  auto with = take_readers();
  delivery->report = with->decoder.decode(body, delivery->batch);
  delivery->received_ns = received;
  // Events as the API server posts them never come here.
  const bool odd = delivery->report.invalid > 0 || delivery->report.broken;
  const bool of_use = odd && open_envelopes(body, *with, *delivery);
  const std::string firehose = of_use || odd ? std::exchange(with->found.request_id, {}) : std::string();
  const auto why = odd && with->found.envelope ? std::exchange(with->found.problem, {}) : std::nullopt;
  give_back(std::move(with));
  auto answer = settle(std::move(delivery), of_use, why, request);
  return firehose.empty() ? answer : for_firehose(std::move(answer), firehose, clock.now());
}

http::Response AuditWebhook::Impl::settle(std::unique_ptr<AuditDelivery> delivery, bool of_use,
                                          const std::optional<Error>& why, const http::Request& request) {
  const auto report = delivery->report;
  invalid.add(static_cast<double>(report.invalid));
  if (report.events == 0) {
    queue.recycle(std::move(delivery));
  } else if (!queue.push(std::move(delivery))) {
    auto full = refuse(Fate::kQueueFull, 429, "the queue is full, send again later", request);
    full.retry_after_seconds = 1;
    return full;
  }
  if (report.broken) {
    return refuse(Fate::kBroken, 400, report.broken->message, request);
  }
  if (report.events > 0 && report.invalid == report.events && !of_use) {
    const auto reason = why ? ": " + why->message : std::string();
    return refuse(Fate::kNoEvents, 400,
                  fmt::format("none of the {} objects in the body is an audit.k8s.io event{}", report.events, reason),
                  request);
  }
  fates.at(static_cast<std::size_t>(Fate::kQueued))->add();
  return {.status = 200,
          .body = fmt::format("{} events: {} rejected, {} stale, {} invalid\n", report.events, report.rejected,
                              report.stale, report.invalid)};
}

}  // namespace remint::sources
