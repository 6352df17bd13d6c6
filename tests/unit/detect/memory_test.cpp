// How much memory a pod takes: measured, and held against a bound that is loose enough for any allocator.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <iostream>

#include "cluster_samples.hpp"

using namespace remint;
using namespace remint::detect;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasurable = false;  // the sanitizers' allocators answer mallinfo2 with zeros
#else
constexpr bool kMeasurable = true;
#endif

std::size_t bytes_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

PodRecord realistic_pod(unsigned i) {
  const unsigned deployment = i / 10;
  auto pod = samples::pod(fmt::format("{:08x}-8d0f-4f5e-9a53-1f7f6b1c2d3e", i * 2654435761U),
                          fmt::format("10.{}.{}.{}", 64 + (i >> 16U), (i >> 8U) & 255U, i & 255U));
  pod.ns = fmt::format("team-{}", deployment % 200);
  pod.name = fmt::format("service-{}-7d9c5b8f6c-x{:04}q", deployment, i % 10'000);
  pod.node = fmt::format("worker-{}.eu-central.example.internal", i / 100);
  pod.service_account = fmt::format("service-{}", deployment);
  pod.resource_version = std::to_string(881'234'500 + i);
  pod.owner.name = fmt::format("service-{}-7d9c5b8f6c", deployment);
  pod.containers = {{fmt::format("service-{}", deployment), pod.created, {}, 0, 0, false},
                    {"proxy", pod.created, pod.created, 1, 2, false}};
  pod.owner.uid = fmt::format("{:08x}-1111-4f5e-9a53-1f7f6b1c2d3e", deployment * 2654435761U);
  return pod;
}

std::size_t bytes_per_pod(unsigned pods) {
  const std::size_t before = bytes_in_use();
  Inventory inventory;
  for (unsigned i = 0; i < pods; ++i) {
    inventory.apply(realistic_pod(i), samples::start());
  }
  for (unsigned d = 0; d < pods / 10; ++d) {
    auto deployment =
        samples::workload("Deployment", fmt::format("service-{}", d), fmt::format("deployment-{:027}", d));
    deployment.ref.ns = fmt::format("team-{}", d % 200);
    const OwnerRef owner{"apps/v1", "Deployment", deployment.ref.name, deployment.ref.uid};
    const auto pod = realistic_pod(d * 10);
    auto replica_set = samples::workload("ReplicaSet", pod.owner.name, pod.owner.uid, owner);
    replica_set.ref.ns = deployment.ref.ns;
    inventory.apply(ObjectKind::kDeployment, std::move(deployment));
    inventory.apply(ObjectKind::kReplicaSet, std::move(replica_set));
  }
  REQUIRE(inventory.pod(realistic_pod(7).uid)->workload.kind == "Deployment");
  return (bytes_in_use() - before) / pods;
}

}  // namespace

TEST_CASE("A pod takes less than 1 KB, its share of owners and addresses included") {
  if (!kMeasurable) {
    return;
  }
  for (const unsigned pods : {10'000U, 100'000U}) {
    const std::size_t bytes = bytes_per_pod(pods);
    std::cout << "inventory of " << pods << " pods: " << bytes << " bytes a pod\n";
    CHECK(bytes < 1024);
  }
}

TEST_CASE(
    "What is learnt of a pod's calls takes less than 1.5 KB, six ways of calling through a shared address included") {
  if (!kMeasurable) {
    return;
  }
  constexpr unsigned kPods = 10'000;
  Detector detector;
  for (unsigned i = 0; i < kPods; ++i) {
    detector.inventory().apply(realistic_pod(i), samples::start());
  }
  const std::size_t before = bytes_in_use();
  AuditBatch batch;
  for (unsigned i = 0; i < kPods; ++i) {
    batch.clear();
    for (unsigned way = 0; way < 6; ++way) {
      AuditRecord record;
      record.received = record.staged = samples::start() + std::chrono::seconds(way);
      record.source = samples::ip(fmt::format("192.168.{}.{}", (i / 100) >> 8U, (i / 100) & 255U));
      record.pod_uid = batch.add(realistic_pod(i).uid);
      record.agent = 1 + way % 2;
      record.shape = way;
      record.credential = i;
      batch.records.push_back(record);
    }
    detector.observe(batch, samples::start());
  }
  const std::size_t bytes = (bytes_in_use() - before) / kPods;
  std::cout << "learnt of " << kPods << " pods: " << bytes << " bytes a pod\n";
  CHECK(bytes < 1536);
}
