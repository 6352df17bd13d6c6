#include "remint/http/health.hpp"

#include <catch2/catch.hpp>

namespace remint::http {

TEST_CASE("health names what fails and keeps the reason to itself") {
  Health health;
  CHECK(health.answer({}).status == 200);
  CHECK(health.answer({}).body == "ok");
  Result<void> second;
  health.add("cache", [] { return Result<void>(); });
  health.add("lease", [&] { return second; });
  CHECK(health.answer({}).status == 200);

  second = fail(ErrorCode::kUnavailable, "secret detail");
  const auto failed = health.answer({});
  CHECK(failed.status == 503);
  CHECK(failed.body == "[-]lease failed: reason withheld\n");
  const auto verbose = health.answer({.query = "verbose"});
  CHECK(verbose.body == "[+]cache ok\n[-]lease failed: reason withheld\n");
  second = {};
  CHECK(health.answer({.query = "verbose"}).body == "[+]cache ok\n[+]lease ok\nok\n");
}

}  // namespace remint::http
