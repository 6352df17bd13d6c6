#pragma once
// Kubernetes Events that say a token was refused, and whom they accuse. An Event is written by whoever may create
// Events, about whatever he likes: it names nobody by itself. The node of the pod that it is about comes from the
// inventory.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/base/time.hpp"
#include "remint/detect/inventory.hpp"

namespace remint::detect {

/// Of an events.k8s.io/v1 Event. Texts as they stand there, cut to kMaxNote.
struct KubernetesEvent {
  static constexpr std::size_t kMaxNote = 1024;  ///< what the API server allows

  std::string reason, note;
  std::string kind, ns, uid;  ///< of what it is about (`regarding`)
  Time time{};                ///< when it was last seen
};
/// Throws nothing; errors name the field. Needs padding as all decoders do (kube::kItemPadding).
[[nodiscard]] Result<KubernetesEvent> decode_kubernetes_event(std::string_view json);

/// From what an Event says to whom it accuses.
struct EventMapping {
  enum class Accuses : std::uint8_t {
    kInvolvedPod,      ///< the pod that the Event is about
    kDaemonSetOnNode,  ///< the pod of a DaemonSet on that pod's node
  };
  std::string what;     ///< for people: "Calico's CNI plugin", "kubernetesEvent.mappings[0]"
  std::string reason;   ///< of the Event, exactly; empty: any
  std::string pattern;  ///< RE2, anywhere in the note
  Accuses accuses = Accuses::kInvolvedPod;
  std::string ns, name;   ///< of the DaemonSet: ns exactly, empty: any; name shell-style with '*'
  std::string only_ns{};  ///< may accuse pods of this namespace only; empty: of any
};
/// CNI plugins, which use a token that their DaemonSet's pod wrote to the node: that pod renews it when it starts.
[[nodiscard]] std::span<const EventMapping> known_event_mappings();

/// Compiled mappings. Immutable.
class EventMatcher {
 public:
  static constexpr std::size_t kMaxAccused = 8;  ///< pods by one mapping

  /// Those that cannot be compiled are left out: a policy says in its status what is wrong with it.
  explicit EventMatcher(std::vector<EventMapping> mappings);
  ~EventMatcher();
  EventMatcher(EventMatcher&&) noexcept;
  EventMatcher& operator=(EventMatcher&&) noexcept;

  struct Accused {
    std::size_t mapping = 0;  ///< its place in mappings()
    std::string pod_uid;
  };
  /// Live pods that the Event accuses; nobody when it is about no pod that the inventory knows under that namespace.
  [[nodiscard]] std::vector<Accused> accused(const KubernetesEvent& event, const Inventory& inventory) const;
  [[nodiscard]] const std::vector<EventMapping>& mappings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect
