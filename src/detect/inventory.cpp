#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_set>

#include "inventory_impl.hpp"

namespace remint::detect {
namespace {

std::size_t index_of(ObjectKind kind) { return static_cast<std::size_t>(kind); }

}  // namespace

void Inventory::Impl::drop_addresses(PodStore::Slot slot, Time now) {
  PackedPod& pod = pods.at(slot);
  for (std::size_t i = 0; i < pod.ip_count; ++i) {
    if (pod.host_network) {
      addresses.remove_node(pod.ips[i]);
    } else {
      addresses.release(pod.ips[i], pods.handle(slot), now);
    }
  }
  pod.ip_count = 0;
}

void Inventory::Impl::take_addresses(PodStore::Slot slot, const PodRecord& record, bool is_new, Time now) {
  PackedPod& pod = pods.at(slot);
  // A finished pod's addresses are free again, though its status names them for as long as the object exists.
  const std::span ips =
      std::span(record.ips).first(record.finished ? 0 : std::min(record.ips.size(), PackedPod::kMaxIps));
  if (std::ranges::equal(ips, std::span(pod.ips).first(pod.ip_count))) {
    return;
  }
  const bool changed = pod.ip_count > 0;
  drop_addresses(slot, now);
  // The first address is the pod's since it started. One that replaces another (a sandbox made anew) is known from now
  // on.
  const Time since = !is_new && changed ? now : record.started.value_or(record.created);
  for (const IpAddress& ip : ips) {
    if (record.host_network) {
      addresses.add_node(ip);
    } else {
      addresses.hold(ip, pods.handle(slot), since);
    }
    pod.ips[pod.ip_count++] = ip;
  }
}

void Inventory::Impl::remove_pod(PodStore::Slot slot, Time now) {
  drop_addresses(slot, now);
  pods.remove(slot);
  removed.push_back({now, slot});
}

void Inventory::Impl::remove_node(std::string_view name) {
  const auto found = nodes.find(name);
  if (found == nodes.end()) {
    return;
  }
  for (const IpAddress& ip : found->second.record.addresses) {
    addresses.remove_node(ip);
    node_names.erase(ip);
  }
  nodes.erase(found);
}

ObjectRef Inventory::Impl::workload_of(const PackedPod& pod) const {
  ObjectRef self{"v1", "Pod", std::string(pods.text(pod.ns)), std::string(pod.name()), std::string(pod.uid())};
  // No controller is a pod: a reference to one would let a pod join somebody else's case.
  if (pods.find(pods.text(pod.owner_uid))) {
    return self;
  }
  return owners.top(std::move(self), pods.owner_of(pod));
}

Inventory::Inventory(InventorySettings settings) : impl_(std::make_unique<Impl>()) { impl_->settings = settings; }
Inventory::~Inventory() = default;

void Inventory::apply(const PodRecord& pod, Time now) {
  const auto known = impl_->pods.find(pod.uid);
  if (known && impl_->pods.at(*known).host_network != pod.host_network) {
    impl_->drop_addresses(*known, now);  // counted differently from here on
  }
  const PodStore::Slot slot = impl_->pods.put(pod, known);
  impl_->pods.at(slot).relist = impl_->relists[index_of(ObjectKind::kPod)];
  impl_->take_addresses(slot, pod, !known, now);
}

void Inventory::apply(ObjectKind kind, WorkloadRecord workload) {
  const bool at_rest = kind == ObjectKind::kReplicaSet && !workload.owner.empty() && workload.replicas == 0;
  if (at_rest && impl_->pods.owned_by(workload.ref.uid).empty()) {
    impl_->owners.remove(workload.ref.uid);
    return;
  }
  impl_->owners.put(kind, std::move(workload), impl_->relists[index_of(kind)]);
}

void Inventory::apply(NodeRecord node) {
  impl_->remove_node(node.name);
  for (const IpAddress& ip : node.addresses) {
    impl_->addresses.add_node(ip);
    impl_->node_names.insert_or_assign(ip, node.name);
  }
  const std::string name = node.name;
  impl_->nodes.insert_or_assign(name, Impl::Node{std::move(node), impl_->relists[index_of(ObjectKind::kNode)]});
}

void Inventory::apply(NamespaceRecord ns) {
  const std::string name = ns.name;
  impl_->namespaces.insert_or_assign(name,
                                     Impl::Namespace{std::move(ns), impl_->relists[index_of(ObjectKind::kNamespace)]});
}

void Inventory::apply(ServiceAccountRecord account) {
  impl_->accounts.put(std::move(account), impl_->relists[index_of(ObjectKind::kServiceAccount)]);
}

void Inventory::apply(TokenSecretRecord secret) {
  impl_->secrets.put(std::move(secret), impl_->relists[index_of(ObjectKind::kTokenSecret)]);
}

void Inventory::remove(ObjectKind kind, std::string_view uid_or_name, Time now) {
  switch (kind) {
    case ObjectKind::kPod:
      if (const auto slot = impl_->pods.find(uid_or_name)) {
        impl_->remove_pod(*slot, now);
      }
      return;
    case ObjectKind::kNode:
      return impl_->remove_node(uid_or_name);
    case ObjectKind::kNamespace:
      if (const auto found = impl_->namespaces.find(uid_or_name); found != impl_->namespaces.end()) {
        impl_->namespaces.erase(found);
      }
      return;
    case ObjectKind::kServiceAccount:
      return impl_->accounts.remove(uid_or_name);
    case ObjectKind::kTokenSecret:
      return impl_->secrets.remove(uid_or_name);
    default:
      return impl_->owners.remove(uid_or_name);
  }
}

void Inventory::begin_relist(ObjectKind kind) { ++impl_->relists[index_of(kind)]; }

void Inventory::end_relist(ObjectKind kind, Time now) {
  const std::uint32_t relist = impl_->relists[index_of(kind)];
  const auto names_of = [relist](const auto& map) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : map) {
      if (entry.relist != relist) {
        names.push_back(name);
      }
    }
    return names;
  };
  std::vector<std::string> gone;
  switch (kind) {
    case ObjectKind::kPod:
      for (const PodStore::Slot slot : impl_->pods.not_seen_in(relist)) {
        impl_->remove_pod(slot, now);
      }
      return;
    case ObjectKind::kNode:
      gone = names_of(impl_->nodes);
      break;
    case ObjectKind::kNamespace:
      gone = names_of(impl_->namespaces);
      break;
    case ObjectKind::kServiceAccount:
      return impl_->accounts.remove_not_seen_in(relist);
    case ObjectKind::kTokenSecret:
      return impl_->secrets.remove_not_seen_in(relist);
    default:
      return impl_->owners.remove_not_seen_in(kind, relist);
  }
  for (const std::string& name : gone) {
    remove(kind, name, now);
  }
}

void Inventory::expire(Time now) {
  std::erase_if(impl_->trust_changes, [now](const TrustChange& c) { return now - c.until > kTrustMemory; });
  const Time before = now - impl_->settings.address_memory;
  impl_->addresses.forget(before);
  while (!impl_->removed.empty() && impl_->removed.front().at <= before) {
    impl_->pods.free(impl_->removed.front().slot);
    impl_->removed.pop_front();
  }
}

AddressAnswer Inventory::who_had(const IpAddress& address, Time at) const {
  if (impl_->addresses.is_node(address)) {
    return {AddressOwner::kNode, {}, {}};
  }
  PodHandle handle;
  Time since{};
  switch (impl_->addresses.who_had(address, at, impl_->settings.handover_slack, handle, since)) {
    case AddressBook::Answer::kNever:
      return {AddressOwner::kExternal, {}, {}};
    case AddressBook::Answer::kSeveral:
      return {AddressOwner::kAmbiguous, {}, {}};
    case AddressBook::Answer::kOtherTime:
      return {AddressOwner::kOtherTime, {}, {}};
    case AddressBook::Answer::kOne:
      break;
  }
  const PackedPod& pod = impl_->pods.at(handle.slot);
  if (pod.serial != handle.serial) {
    return {AddressOwner::kOtherTime, {}, {}};  // the place has another pod by now
  }
  return {AddressOwner::kPod, pod.uid(), since};
}

std::optional<PodView> Inventory::pod(std::string_view uid) const {
  const auto slot = impl_->pods.find(uid);
  if (!slot) {
    return std::nullopt;
  }
  const PackedPod& packed = impl_->pods.at(*slot);
  return PodView{impl_->pods.unpack(packed), impl_->workload_of(packed)};
}

bool Inventory::has_pod(std::string_view uid) const { return impl_->pods.find(uid).has_value(); }

ObjectRef Inventory::workload_of(const PodRecord& pod) const {
  ObjectRef self{"v1", "Pod", pod.ns, pod.name, pod.uid};
  return has_pod(pod.owner.uid) ? self : impl_->owners.top(std::move(self), pod.owner);
}

const WorkloadRecord* Inventory::workload(std::string_view uid) const { return impl_->owners.find(uid); }

const NamespaceRecord* Inventory::ns(std::string_view name) const {
  const auto found = impl_->namespaces.find(name);
  return found == impl_->namespaces.end() ? nullptr : &found->second.record;
}

const ServiceAccountRecord* Inventory::service_account(std::string_view ns, std::string_view name) const {
  return impl_->accounts.find(ns, name);
}

const ServiceAccountRecord* Inventory::service_account(std::string_view uid) const { return impl_->accounts.find(uid); }

std::vector<std::string> Inventory::live_pods(std::string_view workload_uid) const {
  std::vector<std::string> pods;
  const auto add = [&](PodStore::Slot slot) {
    const PackedPod& pod = impl_->pods.at(slot);
    if (pod.live() && impl_->workload_of(pod).uid == workload_uid) {
      pods.emplace_back(pod.uid());
    }
  };
  if (const auto bare = impl_->pods.find(workload_uid)) {
    add(*bare);
  }
  // Down the tree; what does not lead up again to the workload was a lie and is left out.
  std::vector<std::string> to_visit{std::string(workload_uid)};
  std::unordered_set<std::string> visited;
  while (!to_visit.empty()) {
    const std::string uid = std::move(to_visit.back());
    to_visit.pop_back();
    if (!visited.insert(uid).second) {
      continue;
    }
    std::ranges::for_each(impl_->pods.owned_by(uid), add);
    std::ranges::move(impl_->owners.owned_by(uid), std::back_inserter(to_visit));
  }
  return pods;
}

void Inventory::each_live_pod(const std::function<void(const LivePod&)>& see) const {
  const PodStore& pods = impl_->pods;
  pods.each_live([&](const PackedPod& pod) { see({pod.uid(), pods.text(pod.ns), pods.text(pod.owner_uid)}); });
}

std::vector<std::string_view> Inventory::pods_on(std::string_view node) const {
  std::vector<std::string_view> uids;
  for (const PodStore::Slot slot : impl_->pods.on_node(node)) {
    uids.push_back(impl_->pods.at(slot).uid());
  }
  return uids;
}

std::string_view Inventory::node_at(const IpAddress& address) const {
  const auto found = impl_->node_names.find(address);
  return found == impl_->node_names.end() ? std::string_view() : std::string_view(found->second);
}

std::map<std::string, std::size_t, std::less<>> Inventory::workloads_by_namespace() const {
  std::map<std::string, std::size_t, std::less<>> counts;
  impl_->owners.each_topmost([&](const WorkloadRecord& workload) {
    if (workload.replicas > 0 && !workload.deleting) ++counts[workload.ref.ns];
  });
  impl_->pods.each_bare([&](std::string_view ns) { ++counts[std::string(ns)]; });
  return counts;
}

std::size_t Inventory::pod_count() const { return impl_->pods.size(); }

}  // namespace remint::detect
