#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"

namespace remint {
namespace {

using namespace std::chrono_literals;
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST_CASE("values are read, and absent or null ones give their default without an error") {
  const Json json = Json::parse(R"({"s":"text","i":5,"d":2.5,"b":true,"t":"1h","w":"2026-07-01T10:27:28Z",
                                    "l":["a","b"],"n":null})");
  FieldErrors errors;
  const JsonReader reader(json, errors);
  CHECK(reader.at("s").string() == "text");
  CHECK(reader.at("i").integer(0, 0, 10) == 5);
  CHECK(reader.at("i").number(0, 0, 10) == 5.0);
  CHECK(reader.at("d").number(0, 0, 10) == 2.5);
  CHECK(reader.at("b").boolean(false));
  CHECK(reader.at("t").duration(0s, 0s, 24h) == 1h);
  CHECK(reader.at("w").time() == parse_rfc3339("2026-07-01T10:27:28Z"));
  CHECK(reader.at("l").strings() == std::vector<std::string>{"a", "b"});
  CHECK(reader.keys().size() == 8);
  for (const char* absent : {"n", "missing"}) {
    const JsonReader member = reader.at(absent);
    CHECK_FALSE(member.present());
    CHECK(member.json().is_null());
    CHECK(member.string("x") == "x");
    CHECK(member.integer(7, 0, 1) == 7);
    CHECK(member.number(7, 0, 1) == 7);
    CHECK(member.boolean(true));
    CHECK(member.duration(5s, 0s, 1s) == 5s);
    CHECK_FALSE(member.time());
    CHECK(member.strings().empty());
    CHECK(member.items().empty());
    CHECK(member.keys().empty());
    CHECK_FALSE(member.at("deeper").at("still").present());
    member.only({});
  }
  CHECK(errors.empty());
}

TEST_CASE("all the errors of a document are found in one pass, each with its path") {
  const Json json = Json::parse(R"({"mode":1,"limits":{"cooldown":12,"maxPerHour":"x","huge":99},
      "strategies":{"Pod":[{"type":"A"},{"type":7}],"apps/v1 Kind":3},"since":"yesterday","names":["a",2,null],
      "on":"true","ratio":"half","match":[],"extra":1})");
  FieldErrors errors;
  const JsonReader spec(json, errors, "spec");
  spec.only({"mode", "limits", "strategies", "since", "names", "on", "ratio", "match"});
  (void)spec.at("mode").string();
  (void)spec.at("limits").at("cooldown").duration(0s, 0s, 1h);
  (void)spec.at("limits").at("maxPerHour").integer(1, 1, 10);
  (void)spec.at("limits").at("huge").integer(1, 1, 10);
  for (const JsonReader& item : spec.at("strategies").at("Pod").items()) {
    (void)item.at("type").string();
  }
  (void)spec.at("strategies").at("apps/v1 Kind").items();
  (void)spec.at("since").time();
  (void)spec.at("names").strings();
  (void)spec.at("on").boolean(false);
  (void)spec.at("ratio").number(0, 0, 1);
  (void)spec.at("match").at("kinds").strings();
  const FieldErrors expected{
      {"spec.extra", "unknown field; known here: mode, limits, strategies, since, names, on, ratio, match"},
      {"spec.mode", "must be a string, is 1"},
      {"spec.limits.cooldown", "must be a duration such as 30m, is 12"},
      {"spec.limits.maxPerHour", "must be a whole number from 1 to 10, is \"x\""},
      {"spec.limits.huge", "must be a whole number from 1 to 10, is 99"},
      {"spec.strategies.Pod[1].type", "must be a string, is 7"},
      {"spec.strategies[\"apps/v1 Kind\"]", "must be a list, is 3"},
      {"spec.since", "must be a time such as 2026-07-01T10:27:28Z, is \"yesterday\""},
      {"spec.names[1]", "must be a string, is 2"},
      {"spec.names[2]", "must be a string, is null"},
      {"spec.on", "must be true or false, is \"true\""},
      {"spec.ratio", "must be a number from 0 to 1, is \"half\""},
      {"spec.match", "must be an object, is a list"},
  };
  REQUIRE(errors.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(errors[i].path == expected[i].path);
    CHECK(errors[i].message == expected[i].message);
  }
}

TEST_CASE("a wrong value is reported once, however often its members are asked for") {
  const Json json = Json::parse(R"({"limits":"none"})");
  FieldErrors errors;
  const JsonReader limits = JsonReader(json, errors).at("limits");
  (void)limits.at("a");
  (void)limits.at("b").at("c");
  CHECK(limits.keys().empty());
  CHECK(join(errors) == "limits: must be an object, is \"none\"");
}

TEST_CASE("whole numbers at the ends of 64 bits do not wrap around") {
  const Json json =
      Json::parse("[18446744073709551615,9223372036854775808,9223372036854775807,-9223372036854775808,1.0,-1]");
  FieldErrors errors;
  const auto items = JsonReader(json, errors).items();
  CHECK(items[0].integer(3, kMin, kMax) == 3);
  CHECK(items[1].integer(3, kMin, kMax) == 3);
  CHECK(items[2].integer(3, kMin, kMax) == kMax);
  CHECK(items[3].integer(3, kMin, kMax) == kMin);
  CHECK(items[4].integer(3, kMin, kMax) == 3);
  CHECK(items[5].integer(3, 0, kMax) == 3);
  CHECK(errors.size() == 4);
}

TEST_CASE("a duration out of range, or none at all, is explained") {
  const Json json = Json::parse(R"(["30s","1d"])");
  FieldErrors errors;
  const auto items = JsonReader(json, errors, "d").items();
  CHECK(items[0].duration(5min, 1min, 24h) == 5min);
  CHECK(items[1].duration(5min, 1min, 24h) == 5min);
  CHECK(join(errors) ==
        "d[0]: must be from 1m to 24h, is 30s; "
        "d[1]: \"1d\" has an unknown unit; write a duration such as 30s, 1h30m or 250ms");
}

TEST_CASE("hostile keys and values cannot break out of a message") {
  const Json json{{"a\nb\x1b", "\u202e" + std::string(5000, 'x')}};
  FieldErrors errors;
  const JsonReader reader(json, errors);
  reader.only({});
  (void)reader.at("a\nb\x1b").integer(0, 0, 1);
  const std::string text = join(errors);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\u202e") == std::string::npos);
  CHECK(text.size() < 500);
}

TEST_CASE("a document with twenty thousand mistakes gives a hundred errors and a remark") {
  Json json = Json::object();
  for (int i = 0; i < 20'000; ++i) {
    json["field" + std::to_string(i)] = i;
  }
  FieldErrors errors;
  JsonReader(json, errors).only({});
  REQUIRE(errors.size() == 101);
  CHECK(errors.back().message == "more than 100 problems; the others are not shown");
}

TEST_CASE("a null document is absent, and a document of the wrong type is named without a path") {
  FieldErrors errors;
  const Json null;
  CHECK_FALSE(JsonReader(null, errors).present());
  const Json list = Json::array();
  (void)JsonReader(list, errors).at("spec");
  CHECK(join(errors) == "must be an object, is a list");
}

}  // namespace
}  // namespace remint
