#include "resource_version.hpp"

#include <catch2/catch.hpp>

using remint::runtime::resource_version_of;

TEST_CASE("The resourceVersion is found in metadata and nowhere else") {
  CHECK(resource_version_of(R"({"kind":"Pod","metadata":{"name":"a","resourceVersion":"42"},"spec":{}})") == "42");
  CHECK(resource_version_of(R"({"metadata":{"labels":{"resourceVersion":"1"},"resourceVersion":"42"}})") == "42");
  CHECK(resource_version_of(R"({"spec":{"resourceVersion":"1"},"metadata":{"resourceVersion":"42"}})") == "42");
  CHECK(resource_version_of(R"({"resourceVersion":"1","metadata":{"ownerReferences":[{"resourceVersion":"2"}]}})")
            .empty());
  CHECK(resource_version_of(R"({"metadata":{"resourceVersion":42}})").empty());
}

TEST_CASE("An object without one, and what is no object, has none") {
  CHECK(resource_version_of("").empty());
  CHECK(resource_version_of("garbage").empty());
  CHECK(resource_version_of("[]").empty());
  CHECK(resource_version_of(R"({"metadata":{}})").empty());
  CHECK(resource_version_of(std::string(100'000, '[')).empty());
}

TEST_CASE("What follows the field is not looked at") {
  CHECK(resource_version_of(R"({"metadata":{"resourceVersion":"42"},garbage)") == "42");
}
