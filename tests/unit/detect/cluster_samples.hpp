#pragma once
// A small cluster to detect in.

#include <string>
#include <string_view>

#include "audit_samples.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect::samples {

inline IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

/// A pod of ReplicaSet shop/cart-7d9c (UID rs-1), an hour old, at 10.244.1.7.
inline PodRecord pod(std::string uid, std::string address = "10.244.1.7") {
  PodRecord record;
  record.uid = uid;
  record.ns = "shop";
  record.name = "cart-" + uid;
  record.node = "worker-1";
  record.service_account = "cart";
  record.resource_version = "1001";
  if (!address.empty()) {
    record.ips = {ip(address)};
  }
  record.ready = true;
  record.created = start() - std::chrono::hours(1);
  record.started = record.created;
  record.owner = {"apps/v1", "ReplicaSet", "cart-7d9c", "rs-1"};
  record.revision = "7d9c";
  return record;
}

inline WorkloadRecord workload(std::string kind, std::string name, std::string uid, OwnerRef owner = {}) {
  WorkloadRecord record;
  record.ref = {"apps/v1", std::move(kind), "shop", std::move(name), std::move(uid)};
  record.owner = std::move(owner);
  record.labels = {{"app", "cart"}};
  record.replicas = 3;
  return record;
}

/// Deployment shop/cart (UID dep-1) with its ReplicaSet.
inline void add_cart(Inventory& inventory) {
  inventory.apply(ObjectKind::kDeployment, workload("Deployment", "cart", "dep-1"));
  inventory.apply(ObjectKind::kReplicaSet,
                  workload("ReplicaSet", "cart-7d9c", "rs-1", {"apps/v1", "Deployment", "cart", "dep-1"}));
}

}  // namespace remint::detect::samples
