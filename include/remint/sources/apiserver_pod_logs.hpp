#pragma once
// The logs of kube-apiserver's mirror pods, followed over the API: they say why tokens were rejected. Facts:
// kubernetes.md section 10.2. Managed clouds have no such pods; nothing is read there.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "remint/base/clock.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::sources {

struct ApiServerPodLogsSettings {
  std::size_t streams = 16;  ///< pods, at most
  /// A rotated log's stream may fall silent: then it is opened anew.
  std::chrono::milliseconds silence = std::chrono::seconds(60);
  std::chrono::milliseconds look_every = std::chrono::seconds(30);  ///< for pods that came or went
  std::chrono::milliseconds look_back = std::chrono::minutes(2);
};

struct ApiServerPodLogsHooks {
  /// Logs are read only while this says true.
  std::function<bool()> may_act;
  /// Whole lines of one API server, without the time before them that the kubelet adds. False: no room.
  std::function<bool(std::string_view stream, std::string_view lines)> take;
};

/// Finds pods by the labels that kubeadm and OpenShift give them. Metrics: remint_apiserver_pod_log_streams,
/// remint_apiserver_pod_log_opens_total{result}, remint_apiserver_pod_log_lag_seconds,
/// remint_apiserver_pod_log_dropped_bytes_total; and by line those of ApiServerLogIntake.
class ApiServerPodLogs {
 public:
  /// `client`, `metrics` and `clock` outlive it.
  ApiServerPodLogs(ApiServerPodLogsSettings settings, ApiServerPodLogsHooks hooks, kube::Client& client,
                   metrics::Registry& metrics, const Clock& clock);
  ~ApiServerPodLogs();
  void start();
  /// Within a second. Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources
