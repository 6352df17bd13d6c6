#include "event_series.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "event_json.hpp"
#include "remint/base/json.hpp"

using namespace remint;
using namespace std::chrono_literals;
using runtime::EventNote;
using runtime::EventSeries;

namespace {

const Time kWall{std::chrono::seconds(1'750'000'000)};

EventNote note(const std::string& name, const std::string& text = "text") {
  return {.regarding = {"apps/v1", "Deployment", "shop", name, "uid-1"},
          .related_name = "",
          .warning = true,
          .reason = "TokenExpired",
          .action = "Detect",
          .note = text};
}

template <class T>
T expect(const EventSeries::Write& write) {
  REQUIRE(std::holds_alternative<T>(write));
  return std::get<T>(write);
}

bool held(const EventSeries::Write& write) { return std::holds_alternative<std::monostate>(write); }

}  // namespace

TEST_CASE("The first note makes an Event, the second counts it up, the text does not matter") {
  EventSeries series("pod-1");
  const auto created = expect<EventSeries::Create>(series.observe(note("cart", "one"), 0s, kWall));
  CHECK(created.event.ns == "shop");
  CHECK_THAT(created.event.name, Catch::StartsWith("cart."));
  const auto updated = expect<EventSeries::Update>(series.observe(note("cart", "two"), 1s, kWall + 1s));
  CHECK(updated.event == created.event);
  CHECK(updated.count == 2);
  CHECK(updated.last == kWall + 1s);
}

TEST_CASE("Anything but the text makes another Event") {
  EventSeries series("pod-1");
  static_cast<void>(series.observe(note("cart"), 0s, kWall));
  auto other = note("cart");
  SECTION("reason") { other.reason = "Other"; }
  SECTION("action") { other.action = "Other"; }
  SECTION("type") { other.warning = false; }
  SECTION("related") { other.related_name = "restart-1"; }
  SECTION("the object's UID") { other.regarding.uid = "uid-2"; }
  CHECK(std::holds_alternative<EventSeries::Create>(series.observe(other, 1s, kWall)));
}

TEST_CASE("Further repetitions are gathered and written once a minute") {
  EventSeries series("pod-1");
  static_cast<void>(series.observe(note("cart"), 0s, kWall));
  static_cast<void>(series.observe(note("cart"), 1s, kWall));
  for (int i = 0; i < 10; ++i) CHECK(held(series.observe(note("cart"), 2s, kWall + 2s)));
  CHECK(series.next_due() == std::optional<std::chrono::nanoseconds>(61s));
  CHECK(series.due(60s).empty());
  const auto due = series.due(61s);
  REQUIRE(due.size() == 1);
  CHECK(due[0].count == 12);
  CHECK(due[0].last == kWall + 2s);
  CHECK(series.due(200s).empty());
  CHECK_FALSE(series.next_due());
}

TEST_CASE("At the end everything that was held back is written") {
  EventSeries series("pod-1");
  for (int i = 0; i < 3; ++i) static_cast<void>(series.observe(note("cart"), 0s, kWall));
  CHECK(series.due(1s, true).size() == 1);
}

TEST_CASE("Six silent minutes begin a new Event, six minutes of talk do not") {
  EventSeries series("pod-1");
  const auto first = expect<EventSeries::Create>(series.observe(note("cart"), 0s, kWall));
  CHECK(std::holds_alternative<EventSeries::Update>(series.observe(note("cart"), 5min, kWall)));
  CHECK(std::holds_alternative<EventSeries::Update>(series.observe(note("cart"), 11min, kWall)));
  const auto second = expect<EventSeries::Create>(series.observe(note("cart"), 17min + 1s, kWall));
  CHECK(first.event != second.event);
}

TEST_CASE("A forgotten Event is made anew") {
  EventSeries series("pod-1");
  const auto first = expect<EventSeries::Create>(series.observe(note("cart"), 0s, kWall));
  series.forget(first.event);
  const auto second = expect<EventSeries::Create>(series.observe(note("cart"), 0s, kWall));
  CHECK(first.event != second.event);
}

TEST_CASE("The memory is bounded and the longest silent goes first") {
  EventSeries series("pod-1");
  for (std::size_t i = 0; i < EventSeries::kMaxSeries + 50; ++i) {
    static_cast<void>(series.observe(note("w" + std::to_string(i)), std::chrono::milliseconds(i), kWall));
  }
  CHECK(series.size() == EventSeries::kMaxSeries);
  CHECK(std::holds_alternative<EventSeries::Update>(series.observe(note("w1049"), 2s, kWall)));
  CHECK(std::holds_alternative<EventSeries::Create>(series.observe(note("w0"), 2s, kWall)));
}

TEST_CASE("Two processes never give the same name, and a cluster-scoped object's Event lives in default") {
  EventSeries one("pod-1");
  EventSeries two("pod-2");
  auto about = note("node-1");
  about.regarding.ns.clear();
  const auto a = expect<EventSeries::Create>(one.observe(about, 0s, kWall));
  const auto b = expect<EventSeries::Create>(two.observe(about, 0s, kWall));
  CHECK(a.event != b.event);
  CHECK(a.event.ns == "default");
}

TEST_CASE("An Event's JSON is what events.k8s.io/v1 wants") {
  EventSeries series("pod-1");
  auto about = note("cart", "the token\nof a pod");
  about.related_name = "restart-1";
  const auto created = expect<EventSeries::Create>(series.observe(about, 0s, kWall));
  const auto json = parse_json(runtime::event_body(created, "pod-1"));
  REQUIRE(json);
  CHECK((*json)["apiVersion"] == "events.k8s.io/v1");
  CHECK((*json)["kind"] == "Event");
  CHECK((*json)["metadata"]["namespace"] == "shop");
  CHECK((*json)["eventTime"] == "2025-06-15T15:06:40.000000Z");
  CHECK((*json)["reportingController"] == "remint.dev/remint");
  CHECK((*json)["reportingInstance"] == "pod-1");
  CHECK((*json)["type"] == "Warning");
  CHECK((*json)["reason"] == "TokenExpired");
  CHECK((*json)["action"] == "Detect");
  CHECK((*json)["regarding"]["uid"] == "uid-1");
  CHECK((*json)["related"]["kind"] == "WorkloadRestart");
  CHECK((*json)["related"]["namespace"] == "shop");
  CHECK((*json)["note"].get<std::string>().find('\n') == std::string::npos);
  CHECK_FALSE(json->contains("series"));
}

TEST_CASE("What is longer than the API server allows is cut") {
  EventSeries series("pod-1");
  auto about = note("cart", std::string(5000, 'x'));
  about.reason = std::string(500, 'R');
  const auto created = expect<EventSeries::Create>(series.observe(about, 0s, kWall));
  const auto json = parse_json(runtime::event_body(created, std::string(500, 'i')));
  REQUIRE(json);
  CHECK((*json)["note"].get<std::string>().size() <= 1024);
  CHECK((*json)["reason"].get<std::string>().size() <= 128);
  CHECK((*json)["reportingInstance"].get<std::string>().size() <= 128);
}

TEST_CASE("Only the series is patched") {
  const auto json = parse_json(runtime::series_patch({{"shop", "cart.1"}, 3, kWall}));
  REQUIRE(json);
  CHECK(dump_json(*json) == R"({"series":{"count":3,"lastObservedTime":"2025-06-15T15:06:40.000000Z"}})");
}
