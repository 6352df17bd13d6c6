#include "remint/sources/audit_webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "remint/base/gzip.hpp"
#include "remint/base/log.hpp"
#include "remint/base/text.hpp"
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

/// "Application/JSON; charset=utf-8" -> "application/json"
std::string essence(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ') || media_type.ends_with('\t')) media_type.remove_suffix(1);
  std::string lower(media_type);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool is_blank(std::string_view body) { return body.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

struct AuditWebhook::Impl {
  Impl(AuditWebhookSettings chosen, std::unique_ptr<SenderCheck> check, BatchQueue& target, metrics::Registry& metrics,
       const Clock& time)
      : settings(std::move(chosen)),
        senders(std::move(check)),
        queue(target),
        clock(time),
        invalid(metrics.counter("remint_audit_events_invalid_total", "Audit events that could not be understood.")) {
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

  std::unique_ptr<detect::AuditDecoder> take_decoder() {
    {
      const std::lock_guard lock(mutex);
      if (!decoders.empty()) {
        auto decoder = std::move(decoders.back());
        decoders.pop_back();
        return decoder;
      }
    }
    return std::make_unique<detect::AuditDecoder>();
  }
  void give_back(std::unique_ptr<detect::AuditDecoder> decoder) {
    const std::lock_guard lock(mutex);
    decoders.push_back(std::move(decoder));  // never more than there are I/O threads
  }

  http::Response take(std::string_view body, const http::Request& request);

  const AuditWebhookSettings settings;
  const std::unique_ptr<SenderCheck> senders;
  BatchQueue& queue;
  const Clock& clock;
  metrics::Counter& invalid;
  std::array<metrics::Counter*, kFates.size()> fates{};
  std::atomic<std::int64_t> last_logged = 0;
  std::mutex mutex;  ///< guards decoders
  std::vector<std::unique_ptr<detect::AuditDecoder>> decoders;
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
  const auto type = essence(request.content_type);
  if (!type.empty() && type != "application/json" && type != "application/x-ndjson") {
    return impl_->refuse(Fate::kUnsupported, 415,
                         "Content-Type " + sanitize(request.content_type, 100) +
                             " is not supported; send application/json or application/x-ndjson",
                         request);
  }
  const auto encoding = essence(request.content_encoding);
  if (!encoding.empty() && encoding != "identity" && encoding != "gzip" && encoding != "x-gzip") {
    return impl_->refuse(
        Fate::kUnsupported, 415,
        "Content-Encoding " + sanitize(request.content_encoding, 100) + " is not supported; send gzip or none",
        request);
  }
  return std::nullopt;
}

http::Response AuditWebhook::handle(const http::Request& request) {
  if (auto refused = admit(request)) return std::move(*refused);
  const auto encoding = essence(request.content_encoding);
  const bool says_gzip = encoding == "gzip" || encoding == "x-gzip";
  if (!says_gzip && !looks_gzipped(request.body)) return impl_->take(request.body, request);

  if (request.body.empty()) return impl_->take({}, request);
  const auto unpacked = gunzip(request.body, impl_->settings.max_unpacked_bytes);
  if (unpacked) return impl_->take(*unpacked, request);
  if (unpacked.error().code == ErrorCode::kTooLarge) {
    return impl_->refuse(Fate::kTooLarge, 413,
                         fmt::format("the body unpacks to more than {} bytes", impl_->settings.max_unpacked_bytes),
                         request);
  }
  return impl_->refuse(Fate::kBroken, 400, unpacked.error().message, request);
}

http::Response AuditWebhook::Impl::take(std::string_view body, const http::Request& request) {
  const auto received = clock.steady_now().count();
  if (is_blank(body))
    return refuse(Fate::kEmpty, 400, "the body is empty; an audit.k8s.io/v1 EventList was expected", request);

  auto delivery = queue.take_empty();
  auto decoder = take_decoder();
  delivery->report = decoder->decode(body, delivery->batch);
  give_back(std::move(decoder));
  delivery->received_ns = received;
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
  if (report.events > 0 && report.invalid == report.events) {
    return refuse(Fate::kNoEvents, 400,
                  fmt::format("none of the {} objects in the body is an audit.k8s.io event", report.events), request);
  }
  fates.at(static_cast<std::size_t>(Fate::kQueued))->add();
  return {.status = 200,
          .body = fmt::format("{} events: {} rejected, {} stale, {} invalid\n", report.events, report.rejected,
                              report.stale, report.invalid)};
}

}  // namespace remint::sources
