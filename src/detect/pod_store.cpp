#include "pod_store.hpp"

#include <algorithm>

namespace remint::detect {
namespace {

using Index = std::unordered_map<TextId, std::vector<PodStore::Slot>>;

void take_out(Index& index, TextId key, PodStore::Slot slot) {
  const auto found = index.find(key);
  if (found == index.end()) {
    return;
  }
  std::erase(found->second, slot);
  if (found->second.empty()) {
    index.erase(found);
  }
}

const std::vector<PodStore::Slot>& slots_of(const Index& index, TextId key) {
  static const std::vector<PodStore::Slot> kNone;
  const auto found = index.find(key);
  return found == index.end() ? kNone : found->second;
}

}  // namespace

PodStore::Slot PodStore::put(const PodRecord& pod, std::optional<Slot> known) {
  Slot slot = known.value_or(0);
  if (!known) {
    if (free_.empty()) {
      pods_.emplace_back();
      slot = static_cast<Slot>(pods_.size() - 1);
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    PackedPod& fresh = pods_[slot];
    fresh.serial = next_serial_++;
    fresh.identity.reserve(pod.uid.size() + pod.name.size());
    fresh.identity.append(pod.uid).append(pod.name);
    fresh.uid_size = static_cast<std::uint32_t>(pod.uid.size());
    fresh.created = pod.created;
    by_uid_.emplace(fresh.uid(), slot);
  }
  PackedPod& packed = pods_[slot];
  packed.resource_version = pod.resource_version;
  packed.started = pod.started;
  packed.deleting = pod.deleting.value_or(Time::max());
  packed.host_network = pod.host_network;
  packed.mirror = pod.mirror;
  packed.finished = pod.finished;
  packed.ready = pod.ready;
  packed.token_seconds = static_cast<std::uint32_t>(pod.token_lifetime.count());
  texts_.assign(packed.ns, pod.ns);
  set_node(slot, pod.node);
  texts_.assign(packed.service_account, pod.service_account);
  texts_.assign(packed.revision, pod.revision);
  texts_.assign(packed.programs, pod.programs);
  texts_.assign(packed.secrets, pod.secrets);
  set_owner(slot, pod.owner);
  set_containers(packed, pod.containers);
  packed.extra.reset();
  if (!pod.labels.empty() || !pod.annotations.empty()) {
    packed.extra = std::make_unique<PackedPod::Extra>(PackedPod::Extra{pod.labels, pod.annotations});
  }
  return slot;
}

void PodStore::set_owner(Slot slot, const OwnerRef& owner) {
  PackedPod& packed = pods_[slot];
  const bool moved = texts_.text(packed.owner_uid) != owner.uid;
  if (moved) {
    disown(slot);
  }
  texts_.assign(packed.owner_api_version, owner.api_version);
  texts_.assign(packed.owner_kind, owner.kind);
  texts_.assign(packed.owner_name, owner.name);
  texts_.assign(packed.owner_uid, owner.uid);
  if (moved && packed.owner_uid != 0) {
    by_owner_[packed.owner_uid].push_back(slot);
  }
}

void PodStore::set_containers(PackedPod& packed, const std::vector<ContainerState>& containers) {
  const std::size_t count = std::min(containers.size(), PodRecord::kMaxContainers);
  if (count != packed.container_count) {
    for (std::size_t i = 0; i < packed.container_count; ++i) {
      texts_.release(packed.containers[i].name);
    }
    packed.containers = count == 0 ? nullptr : std::make_unique<PackedPod::Container[]>(count);
    packed.container_count = static_cast<std::uint8_t>(count);
  }
  for (std::size_t i = 0; i < count; ++i) {
    PackedPod::Container& to = packed.containers[i];
    const ContainerState& from = containers[i];
    texts_.assign(to.name, from.name);
    to.running_since = from.running_since.value_or(Time::min());
    to.last_ended = from.last_ended.value_or(Time::min());
    to.last_began = from.last_began.value_or(Time::min());
    to.exit_code = from.exit_code;
    to.restarts = from.restarts;
    to.crash_looping = from.crash_looping;
  }
}

void PodStore::disown(Slot slot) { take_out(by_owner_, pods_[slot].owner_uid, slot); }

void PodStore::set_node(Slot slot, std::string_view node) {
  PackedPod& packed = pods_[slot];
  if (texts_.text(packed.node) == node) {
    return;
  }
  take_out(by_node_, packed.node, slot);
  texts_.assign(packed.node, node);
  if (packed.node != 0) {
    by_node_[packed.node].push_back(slot);
  }
}

std::optional<PodStore::Slot> PodStore::find(std::string_view uid) const {
  const auto found = by_uid_.find(uid);
  return found == by_uid_.end() ? std::nullopt : std::optional(found->second);
}

void PodStore::remove(Slot slot) {
  disown(slot);
  take_out(by_node_, pods_[slot].node, slot);
  by_uid_.erase(pods_[slot].uid());
  pods_[slot].removed = true;
}

void PodStore::free(Slot slot) {
  PackedPod& packed = pods_[slot];
  for (const TextId id :
       {packed.ns, packed.node, packed.service_account, packed.revision, packed.programs, packed.owner_api_version,
        packed.owner_kind, packed.owner_name, packed.owner_uid, packed.secrets}) {
    texts_.release(id);
  }
  set_containers(packed, {});
  packed = {};
  free_.push_back(slot);
}

OwnerRef PodStore::owner_of(const PackedPod& pod) const {
  const auto copy = [this](TextId id) { return std::string(texts_.text(id)); };
  return {copy(pod.owner_api_version), copy(pod.owner_kind), copy(pod.owner_name), copy(pod.owner_uid)};
}

PodRecord PodStore::unpack(const PackedPod& packed) const {
  PodRecord pod;
  pod.uid = packed.uid();
  pod.name = packed.name();
  pod.ns = texts_.text(packed.ns);
  pod.node = texts_.text(packed.node);
  pod.service_account = texts_.text(packed.service_account);
  pod.resource_version = packed.resource_version;
  pod.ips.assign(packed.ips.begin(), packed.ips.begin() + packed.ip_count);
  pod.host_network = packed.host_network;
  pod.mirror = packed.mirror;
  pod.finished = packed.finished;
  pod.ready = packed.ready;
  pod.created = packed.created;
  pod.started = packed.started;
  if (packed.deleting != Time::max()) {
    pod.deleting = packed.deleting;
  }
  pod.owner = owner_of(packed);
  pod.revision = texts_.text(packed.revision);
  pod.token_lifetime = std::chrono::seconds(packed.token_seconds);
  pod.programs = texts_.text(packed.programs);
  pod.secrets = texts_.text(packed.secrets);
  if (packed.extra) {
    pod.labels = packed.extra->labels;
    pod.annotations = packed.extra->annotations;
  }
  const auto time = [](Time at) { return at == Time::min() ? std::nullopt : std::optional(at); };
  pod.containers.reserve(packed.container_count);
  for (std::size_t i = 0; i < packed.container_count; ++i) {
    const PackedPod::Container& one = packed.containers[i];
    pod.containers.push_back({std::string(texts_.text(one.name)), time(one.running_since), time(one.last_ended),
                              one.exit_code, one.restarts, one.crash_looping, time(one.last_began)});
  }
  return pod;
}

const std::vector<PodStore::Slot>& PodStore::owned_by(std::string_view owner_uid) const {
  return slots_of(by_owner_, texts_.find(owner_uid));
}

const std::vector<PodStore::Slot>& PodStore::on_node(std::string_view node) const {
  return slots_of(by_node_, texts_.find(node));
}

std::vector<PodStore::Slot> PodStore::not_seen_in(std::uint32_t relist) const {
  std::vector<Slot> slots;
  for (const auto& [uid, slot] : by_uid_) {
    if (pods_[slot].relist != relist) {
      slots.push_back(slot);
    }
  }
  std::ranges::sort(slots);
  return slots;
}

}  // namespace remint::detect
