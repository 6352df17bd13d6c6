#pragma once
// The leader's pod carries a label, so that a Service can send the API server's audit events to it and to nobody else.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "remint/base/object.hpp"
#include "remint/kube/client.hpp"

namespace remint::runtime {

inline constexpr const char* kLeaderLabel = "remint.dev/role";
inline constexpr const char* kLeaderValue = "leader";

/// Keeps the label true while it runs: on this process's own pod while it leads, on no other pod of the namespace then
/// (a leader that hangs cannot take its own away), and not here when another leads. What fails is tried again, and
/// logged when it is new. Needs list and patch of pods in its own namespace. Thread-safe, but start() and stop()
/// belong to one thread.
class LeaderLabel {
 public:
  /// `client` without a write guard: who does not lead takes a label away, too. `leads` is asked on its own thread.
  LeaderLabel(kube::Client& client, ObjectKey own_pod, std::function<bool()> leads);
  ~LeaderLabel();
  void start();
  /// Takes the label away when it is there, within the deadline: what a Service sends on would find a closed door.
  void stop(std::chrono::milliseconds deadline);
  /// Leadership may have changed: looks at once.
  void ring();

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] Result<void> apply(bool leader, const std::stop_token& stop);
  [[nodiscard]] Result<void> mark(const std::string& pod, bool leader, const std::stop_token& stop);
  [[nodiscard]] Result<std::set<std::string>> marked(const std::stop_token& stop);

  kube::Client& client_;
  ObjectKey pod_;
  std::function<bool()> leads_;
  std::mutex mutex_;
  std::condition_variable_any rung_;
  bool look_ = true;
  std::optional<bool> applied_;  ///< the worker's; after it has ended, stop()'s
  std::jthread worker_;
};

}  // namespace remint::runtime
