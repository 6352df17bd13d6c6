#include "recent_ids.hpp"

#include <catch2/catch.hpp>

using remint::detect::RecentIds;

TEST_CASE("An id is new once") {
  RecentIds ids(1000);
  for (std::uint64_t id = 0; id < 400; ++id) {
    CHECK(ids.insert(id * 1'000'003 + 2));
    CHECK_FALSE(ids.insert(id * 1'000'003 + 2));
  }
  CHECK(ids.insert(0));
  CHECK_FALSE(ids.insert(0));
}

TEST_CASE("At least half of the capacity is remembered, and no more than all of it") {
  RecentIds ids(1000);
  for (std::uint64_t id = 1; id <= 10'000; ++id) {
    REQUIRE(ids.insert(id));
  }
  for (std::uint64_t id = 9'501; id <= 10'000; ++id) {
    CHECK_FALSE(ids.insert(id));
  }
  CHECK(ids.insert(9'000));
}
