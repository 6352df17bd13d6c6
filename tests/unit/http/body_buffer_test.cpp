#include "body_buffer.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace remint::http {

TEST_CASE("a body in many small pieces moves a few times only") {
  BodyBuffer body;
  std::string expected;
  int moves = 0;
  for (int i = 0; i < 2'000'000; ++i) {
    const auto before = body.capacity();
    const char c = static_cast<char>('a' + i % 26);
    body.append({&c, 1});
    expected += c;
    if (body.capacity() != before) ++moves;
  }
  CHECK((body.view() == expected));
  CHECK(moves < 10);
}

TEST_CASE("an announced size takes memory only as bytes arrive, and never more than announced") {
  BodyBuffer body;
  std::size_t left = 10'000'000;
  CHECK(body.space(left).size() < 100'000);
  while (left > 0) {
    const auto room = body.space(left);
    REQUIRE_FALSE(room.empty());
    REQUIRE(room.size() <= left);
    REQUIRE(body.capacity() <= 2 * body.view().size() + 100'000);
    body.commit(room.size());
    left -= room.size();
  }
  CHECK(body.view().size() == 10'000'000);
  CHECK(body.capacity() == 10'000'000);
  CHECK(BodyBuffer().space(10).size() == 10);
}

TEST_CASE("an idle connection keeps usual memory and gives unusual memory back") {
  BodyBuffer body;
  body.append(std::string(500'000, 'x'));
  body.shrink_idle();
  CHECK(body.capacity() >= 500'000);
  CHECK(body.view().empty());
  body.append(std::string(2'000'000, 'x'));
  body.shrink_idle();
  CHECK(body.capacity() == 0);
}

}  // namespace remint::http
