#include "lease_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace remint;
using runtime::LeaseRecord;
using runtime::parse_lease;
using runtime::to_object;

TEST_CASE("A Lease survives the way to JSON and back, with what we do not know of") {
  const auto lease = parse_lease(R"({"kind":"Lease","metadata":{"name":"remint","namespace":"ops","resourceVersion":"7",
      "labels":{"team":"x"},"managedFields":[{}]},"spec":{"holderIdentity":"a","leaseDurationSeconds":15,
      "acquireTime":"2026-07-01T10:00:00.000001Z","renewTime":"2026-07-01T10:00:05.123456Z","leaseTransitions":3,
      "strategy":"OldestEmulationVersion"}})");
  REQUIRE(lease);
  CHECK(lease->record.holder == "a");
  CHECK(lease->record.duration == std::chrono::seconds(15));
  CHECK(lease->record.transitions == 3);
  CHECK(lease->record.resource_version == "7");
  CHECK(lease->record.renew_time == parse_rfc3339("2026-07-01T10:00:05.123456Z"));

  const auto object = to_object(*parse_json(lease->object), {"ops", "remint"}, lease->record);
  CHECK(object["metadata"]["labels"]["team"] == "x");
  CHECK_FALSE(object["metadata"].contains("managedFields"));
  CHECK(object["spec"]["strategy"] == "OldestEmulationVersion");
  const auto again = parse_lease(dump_json(object));
  REQUIRE(again);
  CHECK(again->record == lease->record);
}

TEST_CASE("A Lease that was given up names no holder at all, as the API server refuses an empty name") {
  const auto object = to_object(nullptr, {"ops", "remint"}, LeaseRecord{.duration = std::chrono::seconds(1)});
  CHECK_FALSE(object["spec"].contains("holderIdentity"));
  CHECK_FALSE(object["metadata"].contains("resourceVersion"));
  CHECK(object["metadata"]["namespace"] == "ops");
}

TEST_CASE("Values that make no sense count as absent") {
  const auto lease = parse_lease(R"({"metadata":{"resourceVersion":"1"},"spec":{"holderIdentity":4,
      "leaseDurationSeconds":99999999999999,"renewTime":"yesterday","leaseTransitions":-2}})");
  REQUIRE(lease);
  CHECK(lease->record == LeaseRecord{.resource_version = "1"});
  CHECK(parse_lease(R"({"metadata":{"resourceVersion":"1"}})")->record.holder.empty());
}

TEST_CASE("Without a resourceVersion there could be no precondition, so it is an error") {
  CHECK_FALSE(parse_lease(R"({"metadata":{},"spec":{}})"));
  CHECK_FALSE(parse_lease("[]"));
  CHECK_FALSE(parse_lease("garbage"));
}
