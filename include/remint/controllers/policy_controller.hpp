#pragma once
// Keeps the policies in force and says in their status what came of them. A bad edit never takes a policy out of force:
// its last good spec stays, and every error of the new one is in status.conditions.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/base/json.hpp"
#include "remint/controllers/detection_engine.hpp"
#include "remint/kube/client.hpp"
#include "remint/policy/parse.hpp"
#include "remint/restart/journal.hpp"
#include "remint/runtime/events.hpp"
#include "remint/runtime/reflector.hpp"

namespace remint::controllers {

struct PolicyHooks {
  std::function<bool()> leads;
  /// The whole set in force, after each change, and what its objects say of their storm brakes. On a reflector's
  /// thread.
  std::function<void(std::vector<policy::Policy>, std::map<std::string, StormMemory>)> in_force;
  /// What the status tells about: DetectionController::open_state and the restarts known.
  std::function<Result<OpenState>()> open_state;
  std::function<std::vector<policy::PastRestart>()> restarts;
  /// Events about policies.
  std::function<void(runtime::EventNote)> tell;
};

/// Thread-safe.
class PolicyController {
 public:
  PolicyController(kube::Client& client, const Clock& clock, metrics::Registry& metrics, PolicyHooks hooks);
  ~PolicyController();
  void start();
  void stop();

  /// The sinks for the reflectors of ClusterTokenRefreshPolicy and TokenRefreshPolicy.
  [[nodiscard]] runtime::ReflectorSink& cluster_sink();
  [[nodiscard]] runtime::ReflectorSink& namespaced_sink();

 private:
  struct Entry {
    std::string kind;
    ObjectKey key;
    std::string uid;
    std::int64_t generation = 0;
    std::optional<Time> resumed;         ///< annotation remint.dev/resumed-at
    FieldErrors errors;                  ///< of the newest spec
    std::optional<policy::Policy> good;  ///< in force
    std::string written;                 ///< the status that we wrote last
    std::string status;                  ///< the status as read, JSON text
  };
  class Sink;

  void upsert(const Json& object, const std::string& kind);
  void publish();
  void work(const std::stop_token& stop);
  void write_statuses(const std::stop_token& stop);
  void tell_of_storm(const Entry& entry, const Json& previous, const OpenState& open);

  kube::Client& client_;
  const Clock& clock_;
  PolicyHooks hooks_;
  metrics::Gauge &valid_, &invalid_;
  std::unique_ptr<Sink> cluster_, namespaced_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool dirty_ = false;
  std::map<std::string, Entry> entries_;  ///< by Policy::reference()
  std::jthread thread_;
};

}  // namespace remint::controllers
