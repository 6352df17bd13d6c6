#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/text.hpp"

namespace remint {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST_CASE("JSON is parsed and printed") {
  const auto json = parse_json(R"({"a":[1,2.5,true,null,"\u00e4"]})");
  REQUIRE(json);
  CHECK(dump_json(*json) == "{\"a\":[1,2.5,true,null,\"\u00e4\"]}");
}

TEST_CASE("bad JSON is an error that says where, not an exception") {
  const std::string text = GENERATE(as<std::string>(), "", " ", "{", "[1,", "{\"a\":}", "{'a':1}", "nul", "1 2",
                                    "[1e999]", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\\ud800\"", "\"a\nb\"", "{\"a\":1,}",
                                    "// x\n1", std::string("1\0", 2), std::string("\0", 1), "01", "+1", "\"");
  CAPTURE(text);
  const auto json = parse_json(text);
  REQUIRE_FALSE(json);
  CHECK(json.error().code == ErrorCode::kInvalid);
  CHECK(json.error().message.starts_with("not valid JSON: "));
  CHECK(is_valid_utf8(json.error().message));
  CHECK(json.error().message.find("json.exception") == std::string::npos);
}

TEST_CASE("a JSON error names the line and the column") {
  const auto json = parse_json("{\n  \"a\": x\n}");
  REQUIRE_FALSE(json);
  CHECK((json.error().message.find("line 2, column 8") != std::string::npos));
}

TEST_CASE("an error message does not repeat a secret or a terminal escape out of the text") {
  const auto json = parse_json("[\"\x1b[31m\n");
  REQUIRE_FALSE(json);
  CHECK(json.error().message.find('\x1b') == std::string::npos);
  CHECK(json.error().message.size() < 400);
}

TEST_CASE("JSON may be 64 levels deep, and no deeper") {
  CHECK(parse_json(nested(64)));
  const auto json = parse_json(nested(65));
  REQUIRE_FALSE(json);
  CHECK(json.error().message == "JSON is nested more than 64 levels deep at byte 64");
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
  CHECK_FALSE(parse_json(std::string(1'000'000, '{')));
}

TEST_CASE("brackets in strings and after escaped quotes do not count as levels") {
  CHECK(parse_json("[\"" + std::string(500, '[') + "\"]"));
  CHECK(parse_json(R"(["\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["])"));
  CHECK_FALSE(parse_json("[\"\\\\\"," + std::string(70, '[')));
}

TEST_CASE("JSON beyond its cap is not looked at") {
  const auto json = parse_json("[1,2,3]", 6);
  REQUIRE_FALSE(json);
  CHECK(json.error().code == ErrorCode::kTooLarge);
  CHECK(parse_json("[1,2,3]", 7));
}

TEST_CASE("printing replaces invalid UTF-8 instead of failing") {
  CHECK(dump_json(Json{{"a", "\xff"}}) == "{\"a\":\"\ufffd\"}");
}

}  // namespace
}  // namespace remint
