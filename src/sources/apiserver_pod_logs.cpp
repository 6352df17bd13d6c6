#include "remint/sources/apiserver_pod_logs.hpp"

#include <array>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "followed_log.hpp"
#include "remint/base/json.hpp"
#include "remint/base/log.hpp"
#include "remint/kube/resources.hpp"

namespace remint::sources {
namespace {

constexpr const char* kContainer = "kube-apiserver";
constexpr std::chrono::milliseconds kTick{200};
constexpr std::size_t kLongestLine = 256U << 10U;
constexpr std::size_t kMostWaiting = 4U << 20U;  // of one log, while the same thread asks which pods there are

struct Place {
  const char* ns;
  const char* labels;
};
constexpr std::array<Place, 2> kPlaces = {Place{"kube-system", "component=kube-apiserver,tier=control-plane"},
                                          Place{"openshift-kube-apiserver", "app=openshift-kube-apiserver"}};

/// Puts a log's lines together again, without the times that the kubelet set before them.
class Lines {
 public:
  void restart() {
    line_.clear();
    too_long_ = false;
  }
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto part = bytes.substr(0, end);
      if (line_.size() + part.size() > kLongestLine) {
        too_long_ = true;
        line_.clear();
      }
      if (!too_long_) line_ += part;
      if (end == std::string_view::npos) return;
      const bool whole = !std::exchange(too_long_, false);
      if (whole && whole_.size() < kMostWaiting) {
        whole_ += line_.substr(line_.find(' ') + 1) + '\n';
      } else if (whole) {
        lost_ += line_.size();
      }
      line_.clear();
      bytes.remove_prefix(end + 1);
    }
  }
  [[nodiscard]] std::string take() { return std::exchange(whole_, {}); }
  /// Bytes that came while nobody took any.
  [[nodiscard]] std::size_t take_lost() { return std::exchange(lost_, 0); }

 private:
  std::string line_, whole_;
  std::size_t lost_ = 0;
  bool too_long_ = false;
};

}  // namespace

struct ApiServerPodLogs::Impl {
  struct Stream {
    std::shared_ptr<std::pair<std::mutex, Lines>> lines = std::make_shared<std::pair<std::mutex, Lines>>();
    std::unique_ptr<FollowedLog> log;
  };

  Impl(ApiServerPodLogsSettings chosen, ApiServerPodLogsHooks given, kube::Client& api, metrics::Registry& metrics,
       const Clock& time)
      : settings(chosen),
        hooks(std::move(given)),
        client(api),
        clock(time),
        follow(metrics, "remint_apiserver_pod_log", "API servers' pods"),
        dropped(metrics.counter("remint_apiserver_pod_log_dropped_bytes_total",
                                "Bytes of API servers' pods' logs for which detection had no room.")) {}

  void run(const std::stop_token& stop) {
    auto next_look = clock.steady_now();
    do {
      const auto now = clock.steady_now();
      if (!hooks.may_act()) {
        drop_all();
        next_look = now;
        continue;
      }
      if (now >= next_look) {
        look(stop);
        next_look = now + settings.look_every;
      }
      for (auto& [key, stream] : streams) hand_on(key.name, stream);
    } while (sleep_for(kTick, stop));
    drop_all();
  }

  void drop_all() {
    for (auto& [key, stream] : streams) stream.log->request_stop();
    streams.clear();
  }

  void hand_on(const std::string& name, Stream& stream) {
    std::string whole;
    {
      const std::lock_guard lock(stream.lines->first);
      whole = stream.lines->second.take();
      dropped.add(static_cast<double>(stream.lines->second.take_lost()));
    }
    if (!whole.empty() && !hooks.take(name, whole)) dropped.add(static_cast<double>(whole.size()));
  }

  void look(const std::stop_token& stop) {
    std::set<ObjectKey> found;
    for (const auto& place : kPlaces) {
      kube::ListOptions options;
      options.ns = place.ns;
      options.label_selector = place.labels;
      const auto listed = client.list(
          kube::kPods, options,
          [&](std::string_view text) -> Result<void> {
            const Json pod = Json::parse(text, nullptr, false);
            const auto name = Json::json_pointer("/metadata/name");
            if (pod.contains(name) && pod[name].is_string() && found.size() < settings.streams) {
              found.insert({place.ns, pod[name].get<std::string>()});
            }
            return {};
          },
          stop);
      if (listed) continue;
      // What is followed there goes on. Where there is no such namespace, nothing may be allowed either.
      for (const auto& [key, stream] : streams) {
        if (key.ns == place.ns) found.insert(key);
      }
      if (std::exchange(complaints[place.ns], listed.error().message) != listed.error().message) {
        log::info("API servers' pods cannot be listed", {{"namespace", place.ns}, {"error", listed.error()}});
      }
    }
    std::erase_if(streams, [&](auto& entry) { return !found.contains(entry.first); });
    for (const auto& key : found) {
      if (!streams.contains(key)) begin(key);
    }
  }

  void begin(const ObjectKey& key) {
    Stream stream;
    FollowedLogOptions options;
    options.pod = key;
    options.container = kContainer;
    options.since = clock.now() - Duration(settings.look_back);
    options.silence = settings.silence;
    options.bytes_per_second = 4U << 20U;
    options.backoff.max = std::chrono::seconds(15);
    const auto lines = stream.lines;
    try {
      stream.log = std::make_unique<FollowedLog>(std::move(options), LogCursor(),
                                                 FollowedLog::Hooks{[lines] {
                                                                      const std::lock_guard lock(lines->first);
                                                                      lines->second.restart();
                                                                    },
                                                                    [lines](std::string_view bytes) {
                                                                      const std::lock_guard lock(lines->first);
                                                                      lines->second.feed(bytes);
                                                                    }},
                                                 client, follow, clock);
    } catch (const std::system_error& error) {
      log::warn("No thread can be had to follow an API server's log", {{"reason", error.what()}});
      return;
    }
    log::info("Following the log of an API server's pod", {{"pod", key.to_string()}});
    streams.emplace(key, std::move(stream));
  }

  const ApiServerPodLogsSettings settings;
  const ApiServerPodLogsHooks hooks;
  kube::Client& client;
  const Clock& clock;
  FollowCounters follow;
  metrics::Counter& dropped;
  std::map<ObjectKey, Stream> streams;
  std::map<std::string, std::string> complaints;  ///< by namespace: said once
  std::jthread thread;
};

ApiServerPodLogs::ApiServerPodLogs(ApiServerPodLogsSettings settings, ApiServerPodLogsHooks hooks, kube::Client& client,
                                   metrics::Registry& metrics, const Clock& clock)
    : impl_(std::make_unique<Impl>(settings, std::move(hooks), client, metrics, clock)) {}
ApiServerPodLogs::~ApiServerPodLogs() { stop(); }

void ApiServerPodLogs::start() {
  impl_->thread = std::jthread([this](const std::stop_token& stop) { impl_->run(stop); });
}

void ApiServerPodLogs::stop() {
  impl_->thread.request_stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace remint::sources
