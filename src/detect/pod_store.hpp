#pragma once
// Pods, packed: about 400 bytes each, whatever their JSON was.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "address_book.hpp"
#include "remint/detect/objects.hpp"
#include "text_pool.hpp"

namespace remint::detect {

/// What one pod takes. Texts that pods share are in the pool.
struct PackedPod {
  struct Extra {
    Labels labels, annotations;
  };
  struct Container {
    Time running_since = Time::min(), last_ended = Time::min(), last_began = Time::min();  // min(): none
    TextId name = 0;
    std::int32_t exit_code = 0;
    std::uint32_t restarts = 0;
    bool crash_looping = false;
  };
  static constexpr std::size_t kMaxIps = 2;  ///< one per IP family is all that Kubernetes allows

  std::string identity;  ///< UID, then name: neither ever changes
  std::string resource_version;
  std::unique_ptr<Extra> extra;             ///< absent for nearly all
  std::unique_ptr<Container[]> containers;  // NOLINT(modernize-avoid-c-arrays): a vector would take twice as much
  Time created{};
  std::optional<Time> started;
  Time deleting = Time::max();  ///< Time::max(): not terminating
  std::array<IpAddress, kMaxIps> ips{};
  TextId ns = 0, node = 0, service_account = 0, revision = 0, programs = 0;
  TextId owner_api_version = 0, owner_kind = 0, owner_name = 0, owner_uid = 0, secrets = 0;
  std::uint32_t uid_size = 0;
  std::uint32_t serial = 0;
  std::uint32_t relist = 0;  ///< the relist that saw it last
  std::uint32_t token_seconds = 0;
  std::uint8_t ip_count = 0;
  std::uint8_t container_count = 0;
  bool host_network : 1 = false;
  bool mirror : 1 = false;
  bool finished : 1 = false;
  bool ready : 1 = false;
  bool removed : 1 = false;

  [[nodiscard]] std::string_view uid() const { return std::string_view(identity).substr(0, uid_size); }
  [[nodiscard]] std::string_view name() const { return std::string_view(identity).substr(uid_size); }
  [[nodiscard]] bool live() const { return !removed && !finished && deleting == Time::max(); }
};

/// Pods by UID and by owner. A removed pod keeps its place until it is freed, so that late events can be told whose
/// address it was. Not thread-safe.
class PodStore {
 public:
  using Slot = std::uint32_t;

  /// The slot of the pod, new or updated; addresses are left to the caller. `known`: what find() says of it.
  Slot put(const PodRecord& pod, std::optional<Slot> known);
  [[nodiscard]] std::optional<Slot> find(std::string_view uid) const;
  [[nodiscard]] PackedPod& at(Slot slot) { return pods_[slot]; }
  [[nodiscard]] const PackedPod& at(Slot slot) const { return pods_[slot]; }
  [[nodiscard]] PodHandle handle(Slot slot) const { return {slot, pods_[slot].serial}; }
  /// Not found by its UID or owner any more.
  void remove(Slot slot);
  /// The place may be used again.
  void free(Slot slot);
  [[nodiscard]] PodRecord unpack(const PackedPod& pod) const;
  [[nodiscard]] OwnerRef owner_of(const PackedPod& pod) const;
  [[nodiscard]] const std::vector<Slot>& owned_by(std::string_view owner_uid) const;
  [[nodiscard]] std::string_view text(TextId id) const { return texts_.text(id); }
  [[nodiscard]] std::size_t size() const { return by_uid_.size(); }
  [[nodiscard]] const std::vector<Slot>& on_node(std::string_view node) const;
  /// Calls `see` with each live pod that no controller owns and that is no static pod.
  template <class See>
  void each_bare(const See& see) const {
    for (const auto& [uid, slot] : by_uid_) {
      const PackedPod& pod = pods_[slot];
      if (pod.live() && pod.owner_uid == 0 && !pod.mirror) see(text(pod.ns));
    }
  }
  /// Calls `see` with each live pod.
  template <class See>
  void each_live(const See& see) const {
    for (const auto& [uid, slot] : by_uid_) {
      if (pods_[slot].live()) see(pods_[slot]);
    }
  }
  /// Slots of pods that the relist did not see.
  [[nodiscard]] std::vector<Slot> not_seen_in(std::uint32_t relist) const;

 private:
  void set_owner(Slot slot, const OwnerRef& owner);
  void disown(Slot slot);
  void set_node(Slot slot, std::string_view node);
  void set_containers(PackedPod& packed, const std::vector<ContainerState>& containers);

  TextPool texts_;
  std::deque<PackedPod> pods_;  // never move: the keys of by_uid_ point into them
  std::vector<Slot> free_;
  std::unordered_map<std::string_view, Slot> by_uid_;
  std::unordered_map<TextId, std::vector<Slot>> by_owner_;
  std::unordered_map<TextId, std::vector<Slot>> by_node_;
  std::uint32_t next_serial_ = 1;
};

}  // namespace remint::detect
