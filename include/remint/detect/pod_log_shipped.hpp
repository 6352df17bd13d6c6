#pragma once
// Lines of pods' logs as log collectors post them, with the Kubernetes metadata that they add. Recognised by content:
//   Fluent Bit and Fluentd: {"date"|"time"|"@timestamp", "log"|"message", "kubernetes": {"namespace_name", "pod_name",
//     "pod_id", "container_name"}}, merged from the application's own JSON or not
//   Vector (kubernetes_logs): {"timestamp", "message", "kubernetes": {"pod_namespace", "pod_name", "pod_uid",
//     "container_name"}}
//   Elastic's agents: {"@timestamp", "message", "kubernetes": {"namespace", "pod": {"name", "uid"}, "container":
//   {"name"}}} OpenTelemetry: OTLP/JSON with k8s.namespace.name, k8s.pod.name, k8s.pod.uid and k8s.container.name among
//   the
//     attributes of the resource or of the record
// as one object, JSON lines, an array, or arrays and objects one after the other.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "remint/base/result.hpp"
#include "remint/base/time.hpp"

namespace remint::detect {

/// Views are valid while the callback runs. What the sender says: nothing of it is proved.
struct ShippedPodLine {
  std::string_view ns, pod;    ///< both are there, or uid is
  std::string_view uid;        ///< "": the collector did not ask the API server
  std::string_view container;  ///< "": unknown
  Time time{};                 ///< the line's own
  std::string_view line;       ///< one line, without its line break
};

struct ShippedPodLog {
  std::uint64_t records = 0;  ///< that gave lines
  /// Without a text, a time or the name of a pod; over document_bytes; or no JSON.
  std::uint64_t invalid = 0;
  std::optional<Error> problem{};  ///< of the first invalid record: what to set in the collector
  bool broken = false;             ///< the JSON breaks, for good; what was before it was read
};

/// Reusable; keeps its memory within bounds. Not thread-safe; no clock.
class PodLogShippedReader {
 public:
  static constexpr std::size_t kMaxDocument = 8U << 20U;  ///< of one record or OTLP request; records may be many
  static constexpr std::size_t kMaxName = 253;            ///< longer names are no names

  using Take = std::function<void(const ShippedPodLine&)>;

  PodLogShippedReader();
  ~PodLogShippedReader();
  PodLogShippedReader(const PodLogShippedReader&) = delete;
  PodLogShippedReader& operator=(const PodLogShippedReader&) = delete;

  /// Hands each line to `take`, in the order of the body. Never throws by itself.
  [[nodiscard]] ShippedPodLog read(std::string_view body, const Take& take);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect
