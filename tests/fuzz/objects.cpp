// Objects of the cluster, and Kubernetes Events: whoever may write them chooses what is in them.
#include "fuzz.hpp"
#include "remint/detect/cluster_object.hpp"
#include "remint/detect/kubernetes_event.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

constexpr detect::ObjectKind kKinds[] = {
    detect::ObjectKind::kPod,         detect::ObjectKind::kDeployment,     detect::ObjectKind::kReplicaSet,
    detect::ObjectKind::kDaemonSet,   detect::ObjectKind::kNode,           detect::ObjectKind::kNamespace,
    detect::ObjectKind::kStatefulSet, detect::ObjectKind::kServiceAccount, detect::ObjectKind::kTokenSecret};

void check_pod(const detect::PodRecord& pod) {
  check(!pod.uid.empty() && !pod.name.empty(), "a pod has a name and a UID");
  check(pod.secrets.size() <= 256 && pod.programs.size() <= 256, "joined names are within their cap");
  check(pod.containers.size() <= detect::PodRecord::kMaxContainers, "containers are within their cap");
}

void object(detect::ObjectKind kind, std::string_view json) {
  const auto decoded = detect::decode_object(kind, json);
  if (!decoded) {
    check(!decoded.error().message.empty(), "an error says what is wrong");
    return;
  }
  if (const auto* pod = std::get_if<detect::PodRecord>(&decoded->record)) {
    check_pod(*pod);
  }
  detect::Inventory inventory;
  decoded->apply_to(inventory, now());
  decoded->apply_to(inventory, now() + std::chrono::seconds(1));
  inventory.remove(kind, decoded->id(), now() + std::chrono::seconds(2));
}

/// About a pod that the inventory knows, on a node where a DaemonSet has one.
void kubernetes_event(std::string_view json) {
  static const detect::EventMatcher matcher{
      {detect::known_event_mappings().begin(), detect::known_event_mappings().end()}};
  const auto event = detect::decode_kubernetes_event(json);
  if (!event) {
    return;
  }
  check(event->note.size() <= detect::KubernetesEvent::kMaxNote, "a note is within its cap");
  detect::Inventory inventory;
  detect::PodRecord pod;
  pod.uid = "uid-1";
  pod.ns = "shop";
  pod.name = "cart";
  pod.node = "worker-1";
  pod.created = now() - std::chrono::hours(1);
  inventory.apply(pod, now());
  const auto accused = matcher.accused(*event, inventory);
  check(accused.size() <= matcher.mappings().size() * detect::EventMatcher::kMaxAccused, "few are accused");
  check(accused.empty() || (event->uid == pod.uid && event->ns == pod.ns),
        "an Event about no pod that is known accuses nobody");
}

}  // namespace

void fuzz_objects(std::string_view input) {
  const std::size_t kind = choice(input) % (std::size(kKinds) + 1);
  kind == std::size(kKinds) ? kubernetes_event(input) : object(kKinds[kind], input);
}

}  // namespace remint::fuzz
