#include "remint/detect/reason_join.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace remint::detect {
namespace {

using Result = ReasonJoin::Result;

constexpr Time kStart = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
Time us(std::int64_t n) { return kStart + Duration(n); }

ApiServerLine reason(std::int64_t at, Diagnosis diagnosis = Diagnosis::kExpired, std::string text = "x") {
  ApiServerLine line;
  line.time = us(at);
  line.diagnosis = diagnosis;
  line.text = std::move(text);
  return line;
}
ApiServerLine request(std::int64_t at, std::string audit_id) {
  ApiServerLine line;
  line.kind = ApiServerLine::Kind::kRequest;
  line.time = us(at);
  line.audit_id = std::move(audit_id);
  return line;
}
ReasonJoin::Join find(const ReasonJoin& join, std::int64_t received, std::int64_t staged, std::string_view id = "") {
  return join.find(us(received), us(staged), id);
}

/// Of a joined answer; nothing otherwise.
std::optional<Diagnosis> diagnosis(const ReasonJoin::Join& found) {
  return found.line == nullptr ? std::nullopt : std::optional(found.line->diagnosis);
}

}  // namespace

TEST_CASE("a reason is joined when it lies in the event's window, ends included, in any stream") {
  ReasonJoin join;
  CHECK(find(join, 0, 1000).result == Result::kNone);
  CHECK(join.add(7, reason(500)));
  for (const auto& [received, staged] : {std::pair{0, 1000}, {500, 1000}, {0, 500}, {500, 500}}) {
    const auto found = find(join, received, staged);
    REQUIRE(found.result == Result::kJoined);
    CHECK(found.line->diagnosis == Diagnosis::kExpired);
    CHECK_FALSE(found.exact);
  }
  CHECK(find(join, 501, 1000).result == Result::kNone);
  CHECK(find(join, 0, 499).result == Result::kNone);
  CHECK(find(join, 1000, 0).result == Result::kNone);
}

TEST_CASE("slack widens the window, when asked for") {
  ReasonJoin join({.slack = Duration(10)});
  CHECK(join.add(0, reason(500)));
  CHECK(find(join, 510, 600).result == Result::kJoined);
  CHECK(find(join, 511, 600).result == Result::kNone);
  CHECK(find(join, 400, 490).result == Result::kJoined);
  CHECK(find(join, 400, 489).result == Result::kNone);
}

TEST_CASE("several reasons in the window are joined when they agree, and ambiguous when they do not") {
  ReasonJoin join;
  CHECK(join.add(0, reason(500, Diagnosis::kExpired, "b")));
  CHECK(join.add(1, reason(400, Diagnosis::kExpired, "a")));
  const auto agreed = find(join, 0, 1000);
  REQUIRE(agreed.result == Result::kJoined);
  CHECK(agreed.line->text == "a");
  SECTION("another diagnosis, in another stream") {
    CHECK(join.add(2, reason(450, Diagnosis::kWrongAudience)));
    CHECK(find(join, 0, 1000).result == Result::kAmbiguous);
    CHECK(find(join, 0, 1000).line == nullptr);
    CHECK(find(join, 451, 1000).result == Result::kJoined);
  }
  SECTION("another UID or account") {
    auto named = reason(450);
    SECTION("pod") { named.pod_uid = "u"; }
    SECTION("ServiceAccount's UID") { named.service_account_uid = "u"; }
    SECTION("ServiceAccount") { named.service_account = "shop/cart"; }
    CHECK(join.add(0, named));
    CHECK(find(join, 0, 1000).result == Result::kAmbiguous);
    CHECK(find(join, 450, 450).line->text == "x");
  }
}

TEST_CASE("a request with the Audit-Id tells apart what the time cannot") {
  ReasonJoin join;
  CHECK(join.add(0, reason(100, Diagnosis::kExpired)));
  CHECK(join.add(0, request(150, "a")));
  CHECK(join.add(1, reason(120, Diagnosis::kWrongAudience)));
  CHECK(join.add(1, request(160, "b")));
  CHECK(join.add(0, reason(155, Diagnosis::kNotYetValid)));
  CHECK(find(join, 50, 200).result == Result::kAmbiguous);
  CHECK(find(join, 50, 200, "unknown").result == Result::kAmbiguous);
  const auto a = find(join, 50, 200, "a");
  REQUIRE(a.result == Result::kJoined);
  CHECK(a.exact);
  CHECK(a.line->diagnosis == Diagnosis::kExpired);
  const auto b = find(join, 50, 200, "b");
  REQUIRE(b.result == Result::kJoined);
  CHECK(b.line->diagnosis == Diagnosis::kWrongAudience);
}

TEST_CASE("reasons just before a request that disagree stay ambiguous, unless the window leaves out all but one") {
  ReasonJoin join;
  CHECK(join.add(0, reason(100, Diagnosis::kExpired)));
  CHECK(join.add(0, reason(110, Diagnosis::kWrongAudience)));
  CHECK(join.add(0, request(150, "a")));
  CHECK(find(join, 50, 200, "a").result == Result::kAmbiguous);
  CHECK(diagnosis(find(join, 105, 200, "a")) == Diagnosis::kWrongAudience);
  CHECK(diagnosis(find(join, 50, 105, "a")) == Diagnosis::kExpired);
}

TEST_CASE("a request takes the reason of the last 2 ms, and an earlier one only when there is none") {
  ReasonJoin join;
  CHECK(join.add(0, reason(1'000, Diagnosis::kExpired)));
  CHECK(join.add(0, request(10'000, "late")));
  CHECK(diagnosis(find(join, 0, 20'000, "late")) == Diagnosis::kExpired);
  CHECK(join.add(0, reason(8'000, Diagnosis::kWrongAudience)));
  CHECK(diagnosis(find(join, 0, 20'000, "late")) == Diagnosis::kWrongAudience);
  CHECK(join.add(0, reason(10'001, Diagnosis::kNotYetValid)));
  CHECK(diagnosis(find(join, 0, 20'000, "late")) == Diagnosis::kWrongAudience);
}

TEST_CASE("a known request without a reason joins nothing, whatever others' reasons are around") {
  ReasonJoin join;
  CHECK(join.add(0, request(150, "a")));
  CHECK(join.add(1, reason(100)));
  CHECK(find(join, 50, 200, "a").result == Result::kNone);
  CHECK_FALSE(find(join, 50, 200, "a").exact);
}

TEST_CASE("an Audit-Id that a client reused at another time does not count") {
  ReasonJoin join;
  CHECK(join.add(0, reason(100, Diagnosis::kExpired)));
  CHECK(join.add(0, request(150, "a")));
  CHECK(join.add(0, reason(60'000'000, Diagnosis::kWrongAudience)));
  CHECK(join.add(0, request(60'000'100, "a")));
  CHECK(diagnosis(find(join, 50, 200, "a")) == Diagnosis::kExpired);
  CHECK(diagnosis(find(join, 59'999'000, 60'000'200, "a")) == Diagnosis::kWrongAudience);
  const auto elsewhere = find(join, 30'000'000, 30'000'200, "a");
  CHECK(elsewhere.result == Result::kNone);
  CHECK(join.add(1, reason(30'000'100, Diagnosis::kNotYetValid)));
  const auto by_time = find(join, 30'000'000, 30'000'200, "a");
  CHECK(diagnosis(by_time) == Diagnosis::kNotYetValid);
  CHECK_FALSE(by_time.exact);
  SECTION("and in the same window it makes the answer ambiguous when the reasons disagree") {
    CHECK(join.add(1, reason(120, Diagnosis::kNotYetValid)));
    CHECK(join.add(1, request(140, "a")));
    CHECK(find(join, 50, 200, "a").result == Result::kAmbiguous);
  }
}

TEST_CASE("requests without an Audit-Id are not kept") {
  ReasonJoin join;
  CHECK_FALSE(join.add(0, request(100, "")));
  CHECK(join.size() == 0);
}

TEST_CASE("old lines expire, and come back no more") {
  ReasonJoin join({.keep = std::chrono::seconds(10)});
  CHECK(join.add(0, reason(0)));
  CHECK(join.add(0, request(10, "a")));
  CHECK(join.add(0, reason(5'000'000)));
  join.expire(us(10'000'000));
  CHECK(join.size() == 3);
  join.expire(us(10'000'011));
  CHECK(join.size() == 1);
  CHECK(find(join, 0, 100, "a").result == Result::kNone);
  CHECK_FALSE(join.add(0, reason(0)));
  CHECK_FALSE(join.add(0, request(10, "a")));
  join.expire(us(0));  // a clock that goes back changes nothing
  CHECK_FALSE(join.add(0, reason(0)));
  join.expire(us(100'000'000));
  CHECK(join.size() == 0);
}

TEST_CASE("each stream keeps its newest lines, of both kinds, whatever the order") {
  ReasonJoin join({.lines = 3});
  for (const std::int64_t time : {50, 10, 40, 20, 30}) {
    join.add(0, reason(time));
    join.add(0, request(time, "id" + std::to_string(time)));
    join.add(1, reason(time + 1000));
  }
  CHECK(join.size() == 9);
  CHECK(find(join, 0, 29).result == Result::kNone);
  CHECK(find(join, 30, 30).result == Result::kJoined);
  CHECK_FALSE(join.add(0, reason(29)));
  CHECK(join.add(0, reason(60)));
  CHECK(find(join, 30, 30).result == Result::kNone);
  CHECK(find(join, 0, 100, "id20").result == Result::kJoined);  // by time: the request is forgotten
  CHECK_FALSE(find(join, 0, 100, "id20").exact);
  CHECK(find(join, 0, 100, "id50").exact);
}

TEST_CASE("there are only so many streams; an empty one makes room") {
  ReasonJoin join({.streams = 2});
  CHECK(join.add(1, reason(1)));
  CHECK(join.add(2, reason(2)));
  CHECK_FALSE(join.add(3, reason(3)));
  CHECK(join.add(1, reason(1'000'000'000)));
  join.expire(us(1'000'000'000));
  CHECK(join.add(3, reason(1'000'000'000)));
}

TEST_CASE("a window with more lines than will be looked at is ambiguous") {
  ReasonJoin join({.candidates = 10});
  for (int i = 0; i < 10; ++i) CHECK(join.add(0, reason(i)));
  CHECK(find(join, 0, 100).result == Result::kJoined);
  CHECK(join.add(0, reason(50)));
  CHECK(find(join, 0, 100).result == Result::kAmbiguous);
}

TEST_CASE("the order in which lines arrive makes no difference") {
  std::mt19937 random(4711);
  for (int round = 0; round < 60; ++round) {
    struct Added {
      ReasonJoin::Stream stream;
      ApiServerLine line;
    };
    std::vector<Added> lines;
    const auto some_time = [&] { return static_cast<std::int64_t>(random() % 4000); };
    for (int i = 0; i < 120; ++i) {
      const auto stream = static_cast<ReasonJoin::Stream>(random() % 3);
      if (random() % 2 == 0) {
        lines.push_back({stream, request(some_time(), "id" + std::to_string(random() % 30))});
      } else {
        lines.push_back(
            {stream, reason(some_time(), random() % 4 == 0 ? Diagnosis::kWrongAudience : Diagnosis::kExpired,
                            std::to_string(random() % 3))});
      }
    }
    const ReasonJoinLimits limits{.lines = 15 + random() % 40, .keep = Duration(3500)};
    ReasonJoin first(limits);
    for (const auto& [stream, line] : lines) first.add(stream, line);
    first.expire(us(4000));
    for (std::size_t i = 0; i < 40; ++i) lines.push_back(Added(lines[i]));  // doubled
    std::ranges::shuffle(lines, random);
    ReasonJoin second(limits);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i == lines.size() / 2) second.expire(us(4000));
      second.add(lines[i].stream, lines[i].line);
    }
    REQUIRE(first.size() == second.size());
    for (int question = 0; question < 200; ++question) {
      const std::int64_t received = some_time();
      const std::int64_t staged = received + static_cast<std::int64_t>(random() % 300);
      const std::string id = "id" + std::to_string(random() % 40);
      const auto a = find(first, received, staged, id);
      const auto b = find(second, received, staged, id);
      REQUIRE(a.result == b.result);
      REQUIRE(a.exact == b.exact);
      REQUIRE((a.line == nullptr) == (b.line == nullptr));
      if (a.line != nullptr) {
        REQUIRE(a.line->time == b.line->time);
        REQUIRE(a.line->text == b.line->text);
      }
    }
  }
}

}  // namespace remint::detect
