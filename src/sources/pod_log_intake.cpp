#include "remint/sources/pod_log_intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "pod_log_reading.hpp"
#include "posted_body.hpp"
#include "remint/detect/pod_log.hpp"
#include "remint/detect/pod_log_shipped.hpp"
#include "sender_check.hpp"

namespace remint::sources {
namespace {

enum class Fate : std::uint8_t { kTaken, kBroken, kEmpty, kUnauthorized, kUnsupported, kTooLarge, kBusy };
constexpr std::array<const char*, 7> kFates = {"taken",       "broken",    "empty", "unauthorized",
                                               "unsupported", "too_large", "busy"};
constexpr std::chrono::seconds kAskEvery{2};
constexpr std::chrono::seconds kTooOld{30};
/// Logs that are told apart within one body; lines of further ones are left.
constexpr std::size_t kMaxLogs = 4096;

metrics::Counter& posted(metrics::Registry& metrics, const char* result) {
  return metrics.counter("remint_pod_log_posted_lines_total",
                         "Lines of pods' logs that were posted, by whose they are.", {{"result", result}});
}

/// Whose lines matter.
struct Wanted {
  struct Pod {
    std::string uid;
    std::map<std::string, Time, std::less<>> containers;  ///< and since when they live
    std::shared_ptr<const detect::LinePatterns> patterns;
  };
  std::map<std::string, std::shared_ptr<Pod>, std::less<>> by_uid, by_name;
};

struct PostedLog {
  std::string name;
  detect::PodLogReader reader;
  detect::PodLogCounts counted{};
};

}  // namespace

struct PodLogIntake::Impl {
  Impl(AuditWebhookSettings chosen, std::unique_ptr<SenderCheck> check, PodLogIntakeHooks given,
       metrics::Registry& metrics, const Clock& time)
      : settings(std::move(chosen)),
        senders(std::move(check)),
        hooks(std::move(given)),
        clock(time),
        counters(metrics),
        left_out(metrics),
        taken(posted(metrics, "taken")),
        unknown(posted(metrics, "unknown")),
        invalid(posted(metrics, "invalid")),
        lag(metrics.gauge("remint_pod_log_posted_lag_seconds",
                          "Age of the newest line of a pod's log when it was "
                          "posted.")) {
    for (std::size_t i = 0; i < kFates.size(); ++i) {
      fates.at(i) = &metrics.counter("remint_pod_log_bodies_total",
                                     "Bodies posted to the pod logs' endpoint, by what became of them.",
                                     {{"result", kFates.at(i)}});
    }
  }

  http::Response answer(Fate fate, int status, std::string text) {
    fates.at(static_cast<std::size_t>(fate))->add();
    http::Response response{.status = status, .body = std::move(text) + "\n"};
    if (fate == Fate::kBusy) response.retry_after_seconds = 1;
    return response;
  }

  /// Null: it has not been said yet whose lines matter, or so long ago that pods may have come and containers begun a
  /// new life since.
  std::shared_ptr<const Wanted> whose() {
    const auto now = clock.steady_now();
    std::unique_lock lock(mutex);
    const bool old = !asked || now - *asked >= kAskEvery;
    if (old) asked = now;
    auto present = now - told <= kTooOld ? wanted : nullptr;
    lock.unlock();
    if (old) hooks.ask();
    return present;
  }

  /// Since when its lines count. Of a container that neither runs nor crashes all the time none does; where none is
  /// named, those of the youngest one's life; where nothing is known of them, all since the pod was made.
  static Time began(const Wanted::Pod& pod, std::string_view container) {
    if (pod.containers.empty()) return Time::min();
    if (container.empty()) {
      return std::ranges::max_element(pod.containers, {}, [](const auto& one) { return one.second; })->second;
    }
    const auto life = pod.containers.find(container);
    return life == pod.containers.end() ? Time::max() : life->second;
  }

  http::Response take(std::string_view body) {
    const auto present = whose();
    if (!present) return answer(Fate::kBusy, 429, "not ready yet, send again later");
    std::map<std::pair<std::string_view, std::string>, PostedLog> logs;  // by pod and container
    ClueOutbox outbox(counters);                                         // of this body alone
    std::vector<detect::Clue> clues;
    std::uint64_t known = 0, strange = 0;
    Time newest = Time::min();
    detect::PodLogShippedReader reader;
    const auto found = reader.read(body, [&](const detect::ShippedPodLine& line) {
      const Wanted::Pod* pod = stopped ? nullptr : find(*present, line);
      if (pod == nullptr) {
        ++strange;
        return;
      }
      auto log = logs.find({pod->uid, std::string(line.container)});
      if (log == logs.end()) {
        if (logs.size() == kMaxLogs) {
          ++strange;
          return;
        }
        const std::pair key{std::string_view(pod->uid), std::string(line.container)};
        log = logs.emplace(key, PostedLog{log_name(pod->uid, key.second),
                                          {{pod->uid, key.second, began(*pod, line.container)}, pod->patterns}})
                  .first;
      }
      ++known;
      newest = std::max(newest, line.time);
      log->second.reader.feed_line(line.time, line.line, clues);
      if (!clues.empty()) outbox.add(log->second.name, std::exchange(clues, {}));
    });
    if (stopped) return answer(Fate::kBusy, 503, "Remint ends, send it again");
    // Collectors send what was printed together in one body: what waits for its next line waits no longer.
    for (auto& [key, log] : logs) {
      log.reader.flush(clues);
      outbox.add(log.name, std::exchange(clues, {}));
      counters.add(log.reader.counts(), log.counted);
    }
    taken.add(static_cast<double>(known));
    unknown.add(static_cast<double>(strange));
    invalid.add(static_cast<double>(found.invalid));
    if (known > 0) lag.set(std::chrono::duration<double>(clock.now() - newest).count());
    if (!outbox.send(hooks.deliver)) {
      return answer(Fate::kBusy, 429, "detection is behind, send again later");
    }
    if (found.broken || (found.records == 0 && found.invalid > 0)) {
      return answer(Fate::kBroken, 400, found.problem ? found.problem->message : "no lines of pods' logs were found");
    }
    return answer(Fate::kTaken, 200, fmt::format("{} lines taken, {} of other pods", known, strange));
  }

  static const Wanted::Pod* find(const Wanted& wanted, const detect::ShippedPodLine& line) {
    const auto look = [](const auto& pods, const std::string& key) {
      const auto pod = pods.find(key);
      return pod == pods.end() ? nullptr : pod->second.get();
    };
    const bool has_name = !line.ns.empty() && !line.pod.empty();
    const Wanted::Pod* const named = has_name ? look(wanted.by_name, fmt::format("{}/{}", line.ns, line.pod)) : nullptr;
    if (line.uid.empty()) return named;
    const Wanted::Pod* const pod = look(wanted.by_uid, std::string(line.uid));
    return has_name && pod != named ? nullptr : pod;  // two pods are named: one of them by somebody else
  }

  const AuditWebhookSettings settings;
  const std::unique_ptr<SenderCheck> senders;
  const PodLogIntakeHooks hooks;
  const Clock& clock;
  PodLogCounters counters;
  LeftOut left_out;
  metrics::Counter &taken, &unknown, &invalid;
  metrics::Gauge& lag;
  std::array<metrics::Counter*, kFates.size()> fates{};
  std::mutex mutex;  ///< guards what follows
  std::shared_ptr<const Wanted> wanted;
  std::chrono::nanoseconds told{0};  ///< when that was said
  std::optional<std::chrono::nanoseconds> asked;
  PatternCache compiled;
  std::atomic<bool> stopped = false;
};

PodLogIntake::PodLogIntake(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PodLogIntake::~PodLogIntake() = default;

Result<std::unique_ptr<PodLogIntake>> PodLogIntake::create(AuditWebhookSettings senders, PodLogIntakeHooks hooks,
                                                           metrics::Registry& metrics, const Clock& clock) {
  auto check = SenderCheck::create(senders, clock);
  if (!check) return std::unexpected(check.error());
  return std::unique_ptr<PodLogIntake>(new PodLogIntake(
      std::make_unique<Impl>(std::move(senders), std::move(*check), std::move(hooks), metrics, clock)));
}

std::optional<http::Response> PodLogIntake::admit(const http::Request& request) {
  if (!impl_->senders->may_post(request)) {
    return impl_->answer(Fate::kUnauthorized, 401,
                         "this endpoint takes log lines only with a trusted client certificate or bearer token");
  }
  if (const auto why = unsupported_content(request)) return impl_->answer(Fate::kUnsupported, 415, *why);
  return std::nullopt;
}

http::Response PodLogIntake::handle(const http::Request& request) {
  if (auto refused = admit(request)) return std::move(*refused);
  const auto body = PostedBody::unpack(request, impl_->settings.max_unpacked_bytes);
  if (!body) {
    const bool too_large = body.error().code == ErrorCode::kTooLarge;
    return impl_->answer(too_large ? Fate::kTooLarge : Fate::kBroken, too_large ? 413 : 400, body.error().message);
  }
  if (is_blank(body->text())) return impl_->answer(Fate::kEmpty, 400, "the body is empty; log lines were expected");
  return impl_->take(body->text());
}

void PodLogIntake::stop() { impl_->stopped = true; }

void PodLogIntake::set_targets(const std::vector<PodLogTarget>& targets, std::size_t left_out) {
  impl_->left_out.set(left_out);
  auto fresh = std::make_shared<Wanted>();
  const std::lock_guard lock(impl_->mutex);
  for (const auto& target : targets) {
    auto& pod = fresh->by_uid[target.uid];
    if (!pod) {
      pod = std::make_shared<Wanted::Pod>();
      pod->uid = target.uid;
      pod->patterns = impl_->compiled.get(target.patterns);
      fresh->by_name.emplace(target.pod.to_string(), pod);
    }
    if (!target.container.empty()) pod->containers.emplace(target.container, target.started);
  }
  impl_->compiled.sweep();
  impl_->wanted = std::move(fresh);
  impl_->told = impl_->clock.steady_now();
}

}  // namespace remint::sources
