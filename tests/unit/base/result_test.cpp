#include "remint/base/result.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace remint {
namespace {

TEST_CASE("an error gains context in front, and keeps its code and its delay") {
  const Error inner{ErrorCode::kTooMany, "slow down", 7};
  const Error outer = inner.in("patch Deployment shop/cart");
  CHECK(outer.message == "patch Deployment shop/cart: slow down");
  CHECK(outer.code == ErrorCode::kTooMany);
  CHECK(outer.retry_after_seconds == 7);
  CHECK(inner.message == "slow down");
}

TEST_CASE("every error code has a name of its own") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const std::string_view name = to_string(static_cast<ErrorCode>(code));
    CHECK_FALSE(name.empty());
    CHECK(names.insert(name).second);
  }
}

TEST_CASE("a failure travels through results of different types") {
  const Result<int> number = fail(ErrorCode::kNotFound, "no such pod");
  const Result<std::string> text = fail_in(number.error(), "owner walk");
  REQUIRE_FALSE(text);
  CHECK(text.error().message == "owner walk: no such pod");
  CHECK(text.error().code == ErrorCode::kNotFound);
}

}  // namespace
}  // namespace remint
