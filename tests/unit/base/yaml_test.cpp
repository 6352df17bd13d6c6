#include "remint/base/yaml.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace remint {
namespace {

std::string one(std::string_view text) {
  const auto documents = parse_yaml(text);
  if (!documents) {
    return "error: " + documents.error().message;
  }
  return documents->size() == 1 ? documents->front().dump() : std::to_string(documents->size()) + " documents";
}

TEST_CASE("plain scalars are typed as YAML 1.2 core does it") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"010", "10"},
      {"0o10", "8"},
      {"0x1F", "31"},
      {"-7", "-7"},
      {"+7", "7"},
      {"9223372036854775807", "9223372036854775807"},
      {"18446744073709551615", "18446744073709551615"},
      {"1.5", "1.5"},
      {"1.", "1.0"},
      {"-.5", "-0.5"},
      {"+1.5e3", "1500.0"},
      {"1e3", "1000.0"},
      {"yes", "\"yes\""},
      {"no", "\"no\""},
      {"on", "\"on\""},
      {"True", "true"},
      {"FALSE", "false"},
      {"tRUE", "\"tRUE\""},
      {"~", "null"},
      {"Null", "null"},
      {"nUll", "\"nUll\""},
      {"1_000", "\"1_000\""},
      {"0b11", "\"0b11\""},
      {"12:30", "\"12:30\""},
      {"1.2.3", "\"1.2.3\""},
      {"-", "[null]"},
      {"+", "\"+\""},
      {".", "\".\""},
      {"e5", "\"e5\""},
      {"1e", "\"1e\""},
      {"-0x10", "\"-0x10\""},
      {"0x", "\"0x\""},
      {"2026-07-01", "\"2026-07-01\""},
      {"'010'", "\"010\""},
      {"\"true\"", "\"true\""},
      {"'null'", "\"null\""},
      {"!!str 010", "\"010\""},
      {"!!int 010", "10"},
      {"!!float 1", "1.0"},
      {"!!int 1.5", "error: line 1, column 8: \"1.5\" does not fit its tag !!int"},
      {"!!bool yes", "error: line 1, column 8: \"yes\" does not fit its tag !!bool"},
      {"!!binary aGk=", "error: line 1, column 10: \"aGk=\" does not fit its tag !!binary"},
      {"!custom x", "error: line 1, column 9: the tag !custom is not supported"},
      {".inf", "error: line 1, column 1: the number .inf cannot be represented"},
      {"1e999", "error: line 1, column 1: the number 1e999 cannot be represented"},
      {"0xFFFFFFFFFFFFFFFFF", "error: line 1, column 1: the number 0xFFFFFFFFFFFFFFFFF cannot be represented"},
  }));
  // Inside of a list, so that null is a value and not an empty document.
  const bool is_block = text == "-";
  const std::string got = is_block ? one(text) : one("[" + text + "]");
  if (expected.starts_with("error")) {
    CHECK(got.starts_with("error: line 1, column "));
    CHECK(got.ends_with(expected.substr(expected.find(": ", 10))));
  } else {
    CHECK(got == (is_block ? expected : "[" + expected + "]"));
  }
}

TEST_CASE("a kubeconfig with flow maps, an exec section and folded data is read") {
  CHECK(
      one(R"(apiVersion: v1
kind: Config
current-context: me@prod
clusters:
- name: prod
  cluster: {server: "https://10.0.0.1:6443", certificate-authority-data: "QUJD"}
contexts:
- {name: me@prod, context: {cluster: prod, user: me}}
users:
- name: me
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: get-token
      args: [--cluster, "8080"]
      env: null
note: >-
  two
  words
)") ==
      R"({"apiVersion":"v1","clusters":[{"cluster":{"certificate-authority-data":"QUJD","server":"https://10.0.0.1:6443"},"name":"prod"}],"contexts":[{"context":{"cluster":"prod","user":"me"},"name":"me@prod"}],"current-context":"me@prod","kind":"Config","note":"two words","users":[{"name":"me","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1","args":["--cluster","8080"],"command":"get-token","env":null}}}]})");
}

TEST_CASE("JSON is YAML") { CHECK(one(R"({"a": [1, "b", {"c": null}]})") == R"({"a":[1,"b",{"c":null}]})"); }

TEST_CASE("several documents are several, and empty ones are left out") {
  CHECK(parse_yaml("").value().empty());
  CHECK(parse_yaml("# only a comment\n").value().empty());
  const auto documents = parse_yaml("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n");
  REQUIRE(documents);
  REQUIRE(documents->size() == 2);
  CHECK((*documents)[1].dump() == R"({"b":2})");
}

TEST_CASE("anchors and aliases are expanded") {
  CHECK(one("&k a: 1\nb: *k\n") == R"({"a":1,"b":"a"})");
  CHECK(one("a: &x {b: [1, &y two]}\nc: *x\nd: *y\n") == R"({"a":{"b":[1,"two"]},"c":{"b":[1,"two"]},"d":"two"})");
}

TEST_CASE("mistakes are named with line and column") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"a: 1\nb: 2\na: 3\n", "error: line 3, column 1: the key \"a\" is there twice"},
      {"x: {a: 1, 'a': 2}\n", "error: line 1, column 11: the key \"a\" is there twice"},
      {"a: &x {b: 1}\nc:\n  <<: *x\n",
       "error: line 3, column 3: merge keys (<<) are not supported; write the fields out"},
      {"? [a, b]\n: 1\n", "error: line 1, column 3: a key must be a string"},
      {"a: *nowhere\n", "error: line 1, column 4: the referenced anchor is not defined"},
      {"&x a: 1\n*x : 2\n", "error: line 2, column 1: an alias cannot be a key"},
      {"a: &x [1, *x]\n", "error: line 1, column 11: an alias stands inside of the value that it repeats"},
      {"a: !!set {b}\n", "error: line 1, column 4: the tag tag:yaml.org,2002:set is not supported"},
      {"a:\n\tb: 1\n", "error: line 2, column 3: illegal map value"},
      {"a: [1, 2\n", "error: line 2, column 1: end of sequence flow not found"},
      {"a: b\n  c: d\n", "error: line 2, column 4: illegal map value"},
      {"ok: 1\nbad: \x04\n", "error: line 2: control character \\x04"},
      {std::string("a: \0", 4), "error: line 1: control character \\x00"},
      {"a: \xff\n", "error: YAML is not valid UTF-8; save the file as UTF-8"},
  }));
  CAPTURE(text);
  CHECK(one(text) == expected);
}

TEST_CASE("an alias bomb is refused before it is expanded") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 10; ++level) {
    const std::string name = "a" + std::to_string(level);
    const std::string below = "*a" + std::to_string(level - 1);
    bomb += name + ": &" + name + " [" + below;
    for (int i = 1; i < 9; ++i) {
      bomb += ", " + below;
    }
    bomb += "]\n";
  }
  const auto documents = parse_yaml(bomb);
  REQUIRE_FALSE(documents);
  CHECK(documents.error().code == ErrorCode::kTooLarge);
  CHECK((documents.error().message.find("more than 100000 values") != std::string::npos));
}

// 100,000 values are few when each is half a megabyte: together they were 50 GB.
TEST_CASE("an alias bomb of one long text is refused before it is expanded") {
  std::string bomb = "- &x " + std::string(100'000, 'x') + "\n";
  for (int i = 0; i < 1000; ++i) {
    bomb += "- *x\n";
  }
  const auto documents = parse_yaml(bomb);
  REQUIRE_FALSE(documents);
  CHECK(documents.error().code == ErrorCode::kTooLarge);
  CHECK((documents.error().message.find("more than 8388608 bytes of text") != std::string::npos));
}

TEST_CASE("copies kept for anchors that nobody uses count, too") {
  std::string nested;
  for (int level = 0; level < 60; ++level) {
    nested += "&n" + std::to_string(level) + " [";
  }
  for (int i = 0; i < 5000; ++i) {
    nested += "1,";
  }
  nested += "1" + std::string(60, ']');
  const auto documents = parse_yaml(nested);  // 60 copies of 5000 values
  REQUIRE_FALSE(documents);
  CHECK(documents.error().code == ErrorCode::kTooLarge);
}

TEST_CASE("YAML beyond its caps is refused") {
  CHECK(parse_yaml(std::string(1U << 20U, ' ')));
  CHECK(parse_yaml(std::string((1U << 20U) + 1, ' ')).error().code == ErrorCode::kTooLarge);
  std::string many_values;
  for (int i = 0; i < 100'001; ++i) {
    many_values += "- 1\n";
  }
  CHECK(parse_yaml(many_values).error().code == ErrorCode::kTooLarge);
  std::string many_documents;
  for (int i = 0; i < 101; ++i) {
    many_documents += "---\na: 1\n";
  }
  CHECK(parse_yaml(many_documents).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("YAML may be 64 levels deep, and no deeper") {
  CHECK(parse_yaml(std::string(64, '[') + std::string(64, ']')));
  CHECK(parse_yaml(std::string(65, '[') + std::string(65, ']')).error().message ==
        "line 1, column 65: nested more than 64 levels deep");
  for (const char* unit : {"[", "{", "- ", "? ", "a: {", "!x ", "&a "}) {
    std::string bomb;
    while (bomb.size() < 100'000) {
      bomb += unit;
    }
    CAPTURE(unit);
    CHECK_FALSE(parse_yaml(bomb));
  }
}

TEST_CASE("no prefix of a document crashes the reader") {
  const std::string text =
      "%YAML 1.2\n---\na: &x !!str \"q\\u00e4\\n\"\nb: [*x, {c: 'd', ? e : f}]\ng: |2-\n   h\n...\n--- >\n i\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    (void)parse_yaml(std::string_view(text).substr(0, length));
  }
  CHECK(parse_yaml(text));
}

}  // namespace
}  // namespace remint
