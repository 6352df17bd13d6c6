#include "remint/detect/inventory.hpp"

#include <catch2/catch.hpp>

#include "cluster_samples.hpp"

using namespace remint;
using namespace remint::detect;
using namespace std::chrono_literals;
using samples::ip;
using samples::pod;
using samples::start;

namespace {

AddressOwner owner(const Inventory& inventory, Time at, std::string_view address = "10.244.1.7") {
  return inventory.who_had(ip(address), at).owner;
}
std::string holder(const Inventory& inventory, Time at, std::string_view address = "10.244.1.7") {
  return std::string(inventory.who_had(ip(address), at).pod_uid);
}
PodRecord with_start(PodRecord record, Time at) {
  record.created = at;
  record.started = at;
  return record;
}

}  // namespace

TEST_CASE("An address is its pod's from the pod's start on, and nobody's before") {
  Inventory inventory;
  inventory.apply(with_start(pod("a"), start()), start());
  CHECK(owner(inventory, start() - 3s) == AddressOwner::kOtherTime);
  CHECK(holder(inventory, start() - 1s) == "a");  // the kubelet's clock is not the API server's
  CHECK(holder(inventory, start()) == "a");
  CHECK(holder(inventory, start() + 24h) == "a");
  CHECK(inventory.who_had(ip("10.244.1.7"), start()).since == start());
  CHECK(owner(inventory, start(), "10.244.1.8") == AddressOwner::kExternal);
}

TEST_CASE("An address that changed hands is told apart by time, and close to the change nobody is named") {
  Inventory inventory;
  inventory.apply(pod("old"), start());
  inventory.remove(ObjectKind::kPod, "old", start() + 60s);
  inventory.apply(with_start(pod("new"), start() + 70s), start() + 70s);
  struct Row {
    Duration at;
    AddressOwner expected;
    std::string pod;
  };
  const auto row = GENERATE(values<Row>({
      {0s, AddressOwner::kPod, "old"},
      {60s, AddressOwner::kPod, "old"},
      {62s, AddressOwner::kPod, "old"},
      {63s, AddressOwner::kOtherTime, ""},
      {67s, AddressOwner::kOtherTime, ""},
      {68s, AddressOwner::kPod, "new"},
      {1h, AddressOwner::kPod, "new"},
  }));
  CHECK(owner(inventory, start() + row.at) == row.expected);
  CHECK(holder(inventory, start() + row.at) == row.pod);
}

TEST_CASE("A quick handover is ambiguous within the slack, on both sides") {
  Inventory inventory;
  inventory.apply(pod("old"), start());
  inventory.remove(ObjectKind::kPod, "old", start() + 60s);
  inventory.apply(with_start(pod("new"), start() + 61s), start() + 61s);
  CHECK(holder(inventory, start() + 58s) == "old");
  CHECK(owner(inventory, start() + 59s) == AddressOwner::kAmbiguous);
  CHECK(owner(inventory, start() + 62s) == AddressOwner::kAmbiguous);
  CHECK(holder(inventory, start() + 63s) == "new");
}

TEST_CASE("Two pods that claim one address at once are both let off") {
  Inventory inventory;
  inventory.apply(pod("a"), start());
  inventory.apply(with_start(pod("b"), start()), start());
  CHECK(owner(inventory, start() + 1h) == AddressOwner::kAmbiguous);
  CHECK(holder(inventory, start() - 30min) == "a");
  inventory.remove(ObjectKind::kPod, "a", start() + 2h);
  CHECK(owner(inventory, start() + 1h) == AddressOwner::kAmbiguous);
  CHECK(holder(inventory, start() + 3h) == "b");
}

TEST_CASE("A finished pod gives its address back at once, though its object stays") {
  Inventory inventory;
  inventory.apply(pod("job"), start());
  auto finished = pod("job");
  finished.finished = true;
  inventory.apply(finished, start() + 10s);
  CHECK(holder(inventory, start()) == "job");
  CHECK(owner(inventory, start() + 20s) == AddressOwner::kOtherTime);
  inventory.apply(with_start(pod("next"), start() + 30s), start() + 30s);
  CHECK(holder(inventory, start() + 40s) == "next");
  CHECK(inventory.has_pod("job"));
}

TEST_CASE("A pod that was finished when it was first seen has no address") {
  Inventory inventory;
  auto finished = pod("job");
  finished.finished = true;
  inventory.apply(finished, start());
  CHECK(owner(inventory, start()) == AddressOwner::kExternal);
}

TEST_CASE("A released address is answered for until the memory ends") {
  Inventory inventory;
  inventory.apply(pod("a"), start());
  inventory.remove(ObjectKind::kPod, "a", start() + 1min);
  inventory.expire(start() + 15min);
  CHECK(holder(inventory, start()) == "a");
  CHECK_FALSE(inventory.has_pod("a"));
  inventory.expire(start() + 16min);
  CHECK(owner(inventory, start()) == AddressOwner::kExternal);
  // The place is used again, and by nobody's mistake for the pod that had it.
  inventory.apply(pod("b", "10.244.1.9"), start() + 17min);
  CHECK(owner(inventory, start() + 17min) == AddressOwner::kExternal);
  CHECK(holder(inventory, start() + 17min, "10.244.1.9") == "b");
}

TEST_CASE("Nodes' addresses are nobody's, and host-network pods have no other") {
  Inventory inventory;
  inventory.apply(NodeRecord{"worker-1", {ip("192.168.0.4")}});
  auto host = pod("proxy", "192.168.0.5");
  host.host_network = true;
  inventory.apply(host, start());
  CHECK(owner(inventory, start(), "192.168.0.4") == AddressOwner::kNode);
  CHECK(owner(inventory, start(), "192.168.0.5") == AddressOwner::kNode);
  inventory.apply(pod("liar", "192.168.0.4"), start());
  CHECK(owner(inventory, start(), "192.168.0.4") == AddressOwner::kNode);
  inventory.apply(NodeRecord{"worker-1", {ip("192.168.0.6")}});
  CHECK(owner(inventory, start(), "192.168.0.6") == AddressOwner::kNode);
  CHECK(holder(inventory, start(), "192.168.0.4") == "liar");
  inventory.remove(ObjectKind::kNode, "worker-1", start());
  CHECK(owner(inventory, start(), "192.168.0.6") == AddressOwner::kExternal);
  inventory.remove(ObjectKind::kPod, "proxy", start());
  CHECK(owner(inventory, start(), "192.168.0.5") == AddressOwner::kExternal);
}

TEST_CASE("A pod with an address per family is found by both, and a new sandbox's address is its own from then on") {
  Inventory inventory;
  auto dual = pod("a");
  dual.ips.push_back(ip("fd00::7"));
  inventory.apply(dual, start());
  CHECK(holder(inventory, start(), "fd00::7") == "a");
  auto moved = pod("a", "10.244.1.8");
  inventory.apply(moved, start() + 1min);
  CHECK(holder(inventory, start()) == "a");
  CHECK(owner(inventory, start() + 2min) == AddressOwner::kOtherTime);
  CHECK(owner(inventory, start(), "10.244.1.8") == AddressOwner::kOtherTime);
  CHECK(holder(inventory, start() + 2min, "10.244.1.8") == "a");
}

TEST_CASE("An address that a pod gets after it was seen first is its own since its start") {
  Inventory inventory;
  inventory.apply(with_start(pod("a", ""), start()), start());
  CHECK(owner(inventory, start()) == AddressOwner::kExternal);
  inventory.apply(with_start(pod("a"), start()), start() + 5s);
  CHECK(holder(inventory, start() + 1s) == "a");
}

TEST_CASE("A pod comes out as it went in") {
  Inventory inventory;
  auto in = pod("a");
  in.ips.push_back(ip("fd00::7"));
  in.mirror = true;
  in.deleting = start() + 30s;
  in.labels = {{"app", "cart"}};
  in.annotations = {{"remint.dev/ignore", "true"}};
  inventory.apply(in, start());
  const auto out = inventory.pod("a");
  REQUIRE(out);
  CHECK(out->pod.uid == in.uid);
  CHECK(out->pod.name == in.name);
  CHECK(out->pod.ns == in.ns);
  CHECK(out->pod.node == in.node);
  CHECK(out->pod.service_account == in.service_account);
  CHECK(out->pod.resource_version == in.resource_version);
  CHECK(out->pod.ips == in.ips);
  CHECK(out->pod.mirror);
  CHECK(out->pod.ready);
  CHECK(out->pod.created == in.created);
  CHECK(out->pod.started == in.started);
  CHECK(out->pod.deleting == in.deleting);
  CHECK(out->pod.owner.uid == in.owner.uid);
  CHECK(out->pod.owner.name == in.owner.name);
  CHECK(out->pod.revision == in.revision);
  CHECK(out->pod.labels == in.labels);
  CHECK(out->pod.annotations == in.annotations);
  CHECK_FALSE(inventory.pod("b"));
}

TEST_CASE("The workload is the topmost owner that is known") {
  Inventory inventory;
  const OwnerRef to_deployment{"apps/v1", "Deployment", "cart", "dep-1"};
  inventory.apply(pod("a"), start());
  CHECK(inventory.pod("a")->workload.to_string() == "ReplicaSet shop/cart-7d9c");
  inventory.apply(ObjectKind::kReplicaSet, samples::workload("ReplicaSet", "cart-7d9c", "rs-1", to_deployment));
  CHECK(inventory.pod("a")->workload == ObjectRef{"apps/v1", "Deployment", "shop", "cart", "dep-1"});
  inventory.apply(ObjectKind::kDeployment, samples::workload("Deployment", "cart", "dep-1"));
  CHECK(inventory.pod("a")->workload.to_string() == "Deployment shop/cart");
  CHECK(inventory.workload("dep-1")->labels == Labels{{"app", "cart"}});
  auto bare = pod("bare");
  bare.owner = {};
  inventory.apply(bare, start());
  CHECK(inventory.pod("bare")->workload == ObjectRef{"v1", "Pod", "shop", "cart-bare", "bare"});
  CHECK(inventory.workload_of(bare).kind == "Pod");
  auto job = pod("job");
  job.owner = {"batch/v1", "Job", "report-1", "job-1"};
  inventory.apply(job, start());
  CHECK(inventory.pod("job")->workload.to_string() == "Job shop/report-1");
  auto mirror = pod("mirror");
  mirror.owner = {"v1", "Node", "worker-1", "node-1"};
  CHECK(inventory.workload_of(mirror).to_string() == "Node worker-1");
}

TEST_CASE("A controller that belongs to an operator's object is the workload, with its labels") {
  Inventory inventory;
  inventory.apply(pod("a"), start());
  inventory.apply(ObjectKind::kReplicaSet,
                  samples::workload("ReplicaSet", "cart-7d9c", "rs-1", {"apps/v1", "Deployment", "cart", "dep-1"}));
  CHECK(inventory.workload("rs-1")->labels.empty());
  const OwnerRef operators{"shops.dev/v1", "Shop", "main", "shop-1"};
  inventory.apply(ObjectKind::kDeployment, samples::workload("Deployment", "cart", "dep-1", operators));
  CHECK(inventory.pod("a")->workload.to_string() == "Deployment shop/cart");
  CHECK(inventory.workload("dep-1")->labels == Labels{{"app", "cart"}});
  CHECK(inventory.live_pods("dep-1") == std::vector<std::string>{"a"});
  // One whose own pods the operator makes is another thing: there is nothing in between.
  auto direct = pod("direct");
  direct.owner = operators;
  CHECK(inventory.workload_of(direct).to_string() == "Shop shop/main");
}

TEST_CASE("Owner cycles and endless chains end") {
  Inventory inventory;
  inventory.apply(ObjectKind::kReplicaSet,
                  samples::workload("ReplicaSet", "cart-7d9c", "rs-1", {"apps/v1", "Deployment", "cart", "dep-1"}));
  inventory.apply(ObjectKind::kDeployment,
                  samples::workload("Deployment", "cart", "dep-1", {"apps/v1", "ReplicaSet", "cart-7d9c", "rs-1"}));
  inventory.apply(pod("a"), start());
  CHECK(inventory.pod("a")->workload.uid == "dep-1");
  CHECK(inventory.live_pods("dep-1") == std::vector<std::string>{"a"});
  for (int i = 0; i < 20; ++i) {
    inventory.apply(ObjectKind::kDeployment,
                    samples::workload("Deployment", fmt::format("d{}", i), fmt::format("u{}", i),
                                      {"apps/v1", "Deployment", fmt::format("d{}", i + 1), fmt::format("u{}", i + 1)}));
  }
  auto deep = pod("deep");
  deep.owner = {"apps/v1", "Deployment", "d0", "u0"};
  CHECK(inventory.workload_of(deep).uid == "u7");
}

TEST_CASE("A pod cannot join somebody else's workload by naming its UID") {
  Inventory inventory;
  samples::add_cart(inventory);
  auto evil = pod("evil");
  const auto owner = GENERATE(values<OwnerRef>({{"apps/v1", "Deployment", "cart", "dep-1"},
                                                {"apps/v1", "ReplicaSet", "cart-7d9c", "rs-1"},
                                                {"v1", "Pod", "cart-victim", "victim"}}));
  evil.ns = "evil";
  evil.owner = owner;
  inventory.apply(pod("victim", "10.244.1.8"), start());
  inventory.apply(evil, start());
  CHECK(inventory.pod("evil")->workload.to_string() == "Pod evil/cart-evil");
  CHECK(inventory.workload_of(evil).uid == "evil");
  CHECK(inventory.live_pods("dep-1") == std::vector<std::string>{"victim"});
}

TEST_CASE("Live pods of a workload leave out the finished, the terminating and the gone") {
  Inventory inventory;
  samples::add_cart(inventory);
  for (const char* uid : {"a", "b", "c", "d"}) {
    inventory.apply(pod(uid, ""), start());
  }
  auto terminating = pod("b", "");
  terminating.deleting = start();
  inventory.apply(terminating, start());
  auto finished = pod("c", "");
  finished.finished = true;
  inventory.apply(finished, start());
  inventory.remove(ObjectKind::kPod, "d", start());
  CHECK(inventory.live_pods("dep-1") == std::vector<std::string>{"a"});
  CHECK(inventory.live_pods("rs-1").empty());
  CHECK(inventory.live_pods("nobody").empty());
  auto adopted = pod("a", "");
  adopted.owner = {};
  inventory.apply(adopted, start());
  CHECK(inventory.live_pods("dep-1").empty());
  CHECK(inventory.live_pods("a") == std::vector<std::string>{"a"});
}

TEST_CASE("A relist removes what it did not see") {
  Inventory inventory;
  samples::add_cart(inventory);
  inventory.apply(pod("a"), start());
  inventory.apply(pod("b", "10.244.1.8"), start());
  inventory.apply(NodeRecord{"n1", {ip("192.168.0.1")}});
  inventory.apply(NamespaceRecord{"shop", {{"team", "x"}}});
  for (const auto kind : {ObjectKind::kPod, ObjectKind::kNode, ObjectKind::kNamespace, ObjectKind::kReplicaSet}) {
    inventory.begin_relist(kind);
  }
  inventory.apply(pod("b", "10.244.1.8"), start() + 1min);
  for (const auto kind : {ObjectKind::kPod, ObjectKind::kNode, ObjectKind::kNamespace, ObjectKind::kReplicaSet}) {
    inventory.end_relist(kind, start() + 1min);
  }
  CHECK_FALSE(inventory.has_pod("a"));
  CHECK(holder(inventory, start()) == "a");
  CHECK(owner(inventory, start() + 2min) == AddressOwner::kOtherTime);
  CHECK(holder(inventory, start() + 2min, "10.244.1.8") == "b");
  CHECK(owner(inventory, start(), "192.168.0.1") == AddressOwner::kExternal);
  CHECK(inventory.ns("shop") == nullptr);
  CHECK(inventory.workload("rs-1") == nullptr);
  CHECK(inventory.workload("dep-1") != nullptr);
  CHECK(inventory.pod_count() == 1);
}

TEST_CASE("ReplicaSets at rest are not kept") {
  Inventory inventory;
  auto old = samples::workload("ReplicaSet", "cart-old", "rs-old", {"apps/v1", "Deployment", "cart", "dep-1"});
  old.replicas = 0;
  inventory.apply(ObjectKind::kReplicaSet, old);
  CHECK(inventory.workload("rs-old") == nullptr);
  old.replicas = 1;
  inventory.apply(ObjectKind::kReplicaSet, old);
  CHECK(inventory.workload("rs-old") != nullptr);
  auto mine = pod("a");
  mine.owner = {"apps/v1", "ReplicaSet", "cart-old", "rs-old"};
  inventory.apply(mine, start());
  old.replicas = 0;
  inventory.apply(ObjectKind::kReplicaSet, old);
  CHECK(inventory.workload("rs-old") != nullptr);  // its last pods are still there
}

TEST_CASE(
    "A Secret with a token that was made anew under a pod that mounts it is a change of trust for that pod alone") {
  Inventory inventory;
  PodRecord mounts = pod("a"), without = pod("b", "10.244.1.8");
  mounts.secrets = "ca\ncart-token\n";
  inventory.apply(mounts, start());
  inventory.apply(without, start());
  inventory.apply(TokenSecretRecord{"shop", "cart-token", "old", mounts.created - 24h});
  CHECK_FALSE(inventory.change_since_start("a"));

  const Time anew = start() + 60s;
  inventory.remove(ObjectKind::kTokenSecret, "old", anew);
  inventory.apply(TokenSecretRecord{"shop", "cart-token", "new", anew});
  inventory.apply(TokenSecretRecord{"other", "ca", "else", anew + 60s});
  const auto change = inventory.change_since_start("a");
  REQUIRE(change);
  CHECK(change->diagnosis == Diagnosis::kSecretRegenerated);
  CHECK(change->until == anew);
  CHECK(change->what == "Secret shop/cart-token was made anew");
  CHECK_FALSE(inventory.change_since_start("b"));

  // Nobody wants to know any more: the watch ends with an empty list.
  inventory.begin_relist(ObjectKind::kTokenSecret);
  inventory.end_relist(ObjectKind::kTokenSecret, anew);
  CHECK_FALSE(inventory.change_since_start("a"));
}

TEST_CASE("A Secret that was made anew with the same token is no change of trust, unless its ServiceAccount was, too") {
  Inventory inventory;
  PodRecord mounts = pod("a");
  mounts.secrets = "web-token\n";
  inventory.apply(mounts, start());
  const Time anew = start() + 60s;
  // Of another ServiceAccount than the pod's own.
  inventory.apply(ServiceAccountRecord{"shop", "web", "sa-old", mounts.created - 24h});
  inventory.apply(TokenSecretRecord{"shop", "web-token", "new", anew, "sa-old"});
  CHECK(inventory.change_since_start("a"));  // nothing is known of the keys
  inventory.set_tokens_repeat(true);
  CHECK_FALSE(inventory.change_since_start("a"));
  CHECK(inventory.secret_made_anew(mounts) == nullptr);

  // Before the control plane has put a token there, it is not known whose.
  inventory.apply(TokenSecretRecord{"shop", "web-token", "new", anew, ""});
  CHECK(inventory.change_since_start("a"));
  inventory.apply(ServiceAccountRecord{"shop", "web", "sa-new", anew});
  inventory.apply(TokenSecretRecord{"shop", "web-token", "new", anew, "sa-new"});
  CHECK(inventory.change_since_start("a"));

  inventory.apply(TokenSecretRecord{"shop", "web-token", "new", anew, "sa-old"});
  CHECK_FALSE(inventory.change_since_start("a"));
  inventory.set_tokens_repeat(false);
  CHECK(inventory.change_since_start("a"));
}
