// One page of a list, in pieces of any size, and hostile ones.
#include "remint/kube/list_decoder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "remint/base/json.hpp"

using namespace remint;
using namespace remint::kube;

namespace {

struct Decoded {
  Result<ListPage> page;
  std::vector<std::string> items;
};

/// Each piece is a string of its own, so that AddressSanitizer sees who reads beyond it.
Decoded decode(ListDecoder& decoder, std::string_view body, std::size_t piece, std::size_t skip = 0) {
  Decoded out{fail(ErrorCode::kInternal, "not begun"), {}};
  decoder.begin(skip);
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::vector<char> bytes(body.begin() + static_cast<std::ptrdiff_t>(at),
                                  body.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, body.size())));
    const auto fed = decoder.feed({bytes.data(), bytes.size()}, [&](std::string_view item) -> Result<void> {
      volatile char beyond = item.data()[item.size() + kItemPadding - 1];  // readable, as promised
      static_cast<void>(beyond);
      out.items.emplace_back(item);
      return {};
    });
    if (!fed) {
      out.page = std::unexpected(fed.error());
      return out;
    }
  }
  out.page = decoder.finish();
  return out;
}

std::vector<std::string> tricky_items() {
  std::vector<std::string> items = {
      R"({})",
      R"({"metadata":{"name":"p","x":"\"}]","u":"é"},"n":[1,{"b":[]}]})",
      R"({"a":"\\","b":"\\\"","c":"{[\\\\","d":"]}"})",
      R"({ "a" : [ [ [ ] ] , { } ] })",
  };
  // Quotes, backslashes and brackets at every place of the 64 byte blocks that are looked at together.
  for (std::size_t i = 0; i < 140; ++i) {
    items.push_back(R"({"k":")" + std::string(i, 'x') + std::string(i % 7 * 2, '\\') + R"(\"}","z":[{"q":"[\\"}]})");
  }
  return items;
}

}  // namespace

TEST_CASE("a List is the same however it is cut, and its items can be parsed in place") {
  const auto items = tricky_items();
  std::string body = R"({"kind":"PodList","n":[{"items":[]}],"metadata":{"selfLink":"","resourceVersion":"9",)"
                     R"("remainingItemCount":3,"continue":"a\"b"},"items":[)";
  for (std::size_t i = 0; i < items.size(); ++i) {
    body += (i == 0 ? "" : i % 2 == 0 ? " , " : ",") + items[i];
  }
  body += "] , \"more\":-1.5e3 }\n";
  ListDecoder decoder;
  const std::size_t piece = GENERATE(1U, 2U, 3U, 7U, 63U, 64U, 65U, 127U, 1000U, 1U << 20U);
  CAPTURE(piece);
  for (int round = 0; round < 2; ++round) {
    const auto [page, seen] = decode(decoder, body, piece);
    REQUIRE(page);
    CHECK(seen == items);
    CHECK(page->items == items.size());
    CHECK(page->resource_version == "9");
    CHECK(page->continue_token == "a\"b");
    for (const auto& item : seen) {
      CHECK(parse_json(item));
    }
  }
}

TEST_CASE("the metadata may come behind the items") {
  ListDecoder decoder;
  const auto [page, items] =
      decode(decoder, R"({"items":[{"a":1}],"metadata":{"resourceVersion":"9","continue":"c"}})", 5);
  REQUIRE(page);
  CHECK(items.size() == 1);
  CHECK(page->resource_version == "9");
  CHECK(page->continue_token == "c");
}

TEST_CASE("where an object ends is found as a parser finds it") {
  std::mt19937 random(7);
  constexpr std::string_view kAlphabet = R"(""\\{}[]a,é )";
  ListDecoder decoder;
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    for (auto n = random() % 150; n > 0; --n) {
      text += kAlphabet[random() % kAlphabet.size()];
    }
    const std::string item =
        Json{{"k", Json::array({text, {{text, 1}}})}}.dump(-1, ' ', i % 2 == 0, Json::error_handler_t::replace);
    const auto [page, items] =
        decode(decoder, R"({"metadata":{"resourceVersion":"9"},"items":[)" + item + "]}", 1 + random() % 100);
    REQUIRE(page);
    REQUIRE(items == std::vector{item});
  }
}

TEST_CASE("items that were handed on before the page was cut are skipped") {
  ListDecoder decoder;
  const auto [page, items] =
      decode(decoder, R"({"metadata":{"resourceVersion":"9"},"items":[{"a":1},{"a":2},{"a":3}]})", 4, 2);
  REQUIRE(page);
  CHECK(items == std::vector<std::string>{R"({"a":3})"});
  CHECK(page->items == 3);
}

TEST_CASE("a List without items is one when it says null, and hostile ones are refused") {
  ListDecoder decoder;
  const std::size_t piece = GENERATE(1U, 1000U);
  REQUIRE(decode(decoder, R"({"metadata":{"resourceVersion":"9"},"items":null})", piece).page);
  REQUIRE(decode(decoder, R"({"items":[ ],"metadata":{"resourceVersion":"9"}} )", piece).page);
  const std::vector<std::string> bad = {
      "",
      " ",
      "{",
      "[]",
      "7",
      "null",
      "{}}",
      "{,}",
      R"({"a" 1})",
      R"({"a":,"items":[],"metadata":{"resourceVersion":"9"}})",
      R"({"a":1"items":[],"metadata":{"resourceVersion":"9"}})",
      R"({"a":"x"y,"items":[],"metadata":{"resourceVersion":"9"}})",
      R"({"items":[],"metadata":{"resourceVersion":"9"},})",
      R"({"items":[],})",
      R"({"items":{},"metadata":{"resourceVersion":"9"}})",
      R"({"items":"x","metadata":{"resourceVersion":"9"}})",
      R"({"items":nul,"metadata":{"resourceVersion":"9"}})",
      R"({"items":[null],"metadata":{"resourceVersion":"9"}})",
      R"({"items":[[{}]],"metadata":{"resourceVersion":"9"}})",
      R"({"items":[{},],"metadata":{"resourceVersion":"9"}})",
      R"({"items":[{}{}],"metadata":{"resourceVersion":"9"}})",
      R"({"items":[,{}],"metadata":{"resourceVersion":"9"}})",
      R"({"items":[],"metadata":[]})",
      R"({"items":[],"metadata":null})",
      R"({"items":[],"metadata":{]})",
      R"({"items":[],"metadata":{"resourceVersion":9}})",
      R"({"items":[],"metadata":{"resourceVersion":"9"}} x)",
      std::string(R"({"items":[{"a":")") + "\xff" + R"("}],"metadata":{"resourceVersion":"9"}})",
      std::string(R"({"items":[{"a":")") + "\xc3" + R"("}],"metadata":{"resourceVersion":"9"}})",
      R"({"items":[],"metadata":{"resourceVersion":"9","a":")" + std::string("\x80") + R"("}})",
      std::string(100'000, '['),
      R"({"items":[)" + std::string(100'000, '['),
      R"({")" + std::string(100'000, 'x'),
  };
  for (const std::string& body : bad) {
    CAPTURE(body.substr(0, 60));
    const auto page = decode(decoder, body, piece).page;
    REQUIRE_FALSE(page);
    CHECK(page.error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("an item and a page have their caps") {
  const std::string item = R"({"a":")" + std::string(1000, 'x') + R"("})";
  const std::string body = R"({"metadata":{"resourceVersion":"9"},"items":[)" + item + "," + item + "]}";
  const std::size_t piece = GENERATE(10U, 100'000U);
  ListDecoder enough(item.size(), body.size());
  CHECK(decode(enough, body, piece).page);
  ListDecoder small_item(item.size() - 1, body.size());
  CHECK(decode(small_item, body, piece).page.error().code == ErrorCode::kTooLarge);
  ListDecoder small_page(item.size(), body.size() - 1);
  CHECK(decode(small_page, body, piece).page.error().code == ErrorCode::kTooLarge);
}
