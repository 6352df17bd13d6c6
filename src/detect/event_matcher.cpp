#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "remint/detect/kubernetes_event.hpp"

namespace remint::detect {
namespace {

constexpr std::int64_t kMaxMemory = 1 << 20;
constexpr auto kDaemonSet = EventMapping::Accuses::kDaemonSetOnNode;
constexpr const char* kCalico =
    R"((?:plugin type="calico" .*failed \(\w+\): |getting ClusterInformation: )(?:.*: )?Unauthorized)";
constexpr const char* kMultus = R"(Multus: \[[^\]]*\]: error (?:getting|waiting for) pod: Unauthorized)";

// As the plugins print it: projectcalico/calico#9215, #5712 and #3538, easzlab/kubeasz#1332;
// k8snetworkplumbingwg/multus-cni#852 and kubernetes-sigs/kubespray#12002; projectcalico/calico#8903 (Consul).
const std::array<EventMapping, 5> kKnown{{
    {"Calico's CNI plugin", "", kCalico, kDaemonSet, "", "calico-node"},
    {"Calico's CNI plugin", "", kCalico, kDaemonSet, "", "canal"},
    {"the Multus CNI plugin", "", kMultus, kDaemonSet, "", "kube-multus*"},
    {"the Multus CNI plugin", "", kMultus, kDaemonSet, "", "multus*"},
    {"Consul's CNI plugin", "", R"(plugin type="consul-cni" .*: Unauthorized)", kDaemonSet, "", "*consul-cni"},
}};

std::unique_ptr<RE2> compile(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  options.set_dot_nl(true);
  return std::make_unique<RE2>(pattern, options);
}

/// '*' stands for any characters, all others for themselves.
std::string shell_to_re2(std::string_view text) {
  std::string pattern = "^";
  for (const char letter : text) {
    pattern += letter == '*' ? ".*" : RE2::QuoteMeta({&letter, 1});
  }
  return pattern + "$";
}

}  // namespace

std::span<const EventMapping> known_event_mappings() { return kKnown; }

struct EventMatcher::Impl {
  struct Compiled {
    std::unique_ptr<RE2> pattern, name;
  };
  std::vector<EventMapping> mappings;
  std::vector<Compiled> compiled;  // of each

  [[nodiscard]] bool says(std::size_t place, const KubernetesEvent& event) const {
    const auto& mapping = mappings[place];
    // The cheap questions first: a pattern may be dear, and its policy have nothing to do with this Event.
    const bool meant =
        mapping.only_ns.empty() || mapping.only_ns == (mapping.accuses == kDaemonSet ? mapping.ns : event.ns);
    return meant && (mapping.reason.empty() || mapping.reason == event.reason) && compiled[place].pattern->ok() &&
           RE2::PartialMatch(event.note, *compiled[place].pattern);
  }
  [[nodiscard]] bool means(std::size_t place, const ObjectRef& workload) const {
    const auto& mapping = mappings[place];
    return workload.kind == "DaemonSet" && (mapping.ns.empty() || mapping.ns == workload.ns) &&
           compiled[place].name->ok() && RE2::PartialMatch(workload.name, *compiled[place].name);
  }
};

EventMatcher::EventMatcher(std::vector<EventMapping> mappings) : impl_(std::make_unique<Impl>()) {
  impl_->mappings = std::move(mappings);
  for (const auto& mapping : impl_->mappings) {
    impl_->compiled.push_back({compile(mapping.pattern), compile(shell_to_re2(mapping.name))});
  }
}

EventMatcher::~EventMatcher() = default;
EventMatcher::EventMatcher(EventMatcher&&) noexcept = default;
EventMatcher& EventMatcher::operator=(EventMatcher&&) noexcept = default;

const std::vector<EventMapping>& EventMatcher::mappings() const { return impl_->mappings; }

std::vector<EventMatcher::Accused> EventMatcher::accused(const KubernetesEvent& event,
                                                         const Inventory& inventory) const {
  std::vector<Accused> accused;
  if (event.kind != "Pod") return accused;
  std::optional<PodView> involved;  // looked up when the first mapping matches: nearly no Event does
  for (std::size_t place = 0; place < impl_->mappings.size(); ++place) {
    if (!impl_->says(place, event)) continue;
    if (!involved) involved = inventory.pod(event.uid);
    // Who may create Events in one namespace only must not speak of another one's pods.
    if (!involved || involved->pod.ns != event.ns) return accused;
    if (impl_->mappings[place].accuses == EventMapping::Accuses::kInvolvedPod) {
      accused.push_back({place, event.uid});
      continue;
    }
    if (involved->pod.node.empty()) continue;
    std::size_t many = 0;
    for (const std::string_view uid : inventory.pods_on(involved->pod.node)) {
      const auto view = inventory.pod(uid);
      const bool alive = view && !view->pod.deleting && !view->pod.finished;
      if (alive && impl_->means(place, view->workload) && many++ < kMaxAccused) {
        accused.push_back({place, std::string(uid)});
      }
    }
  }
  return accused;
}

}  // namespace remint::detect
