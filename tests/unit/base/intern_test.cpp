#include "remint/base/intern.hpp"

#include <catch2/catch.hpp>

namespace remint {
namespace {

TEST_CASE("equal texts get equal symbols, and a symbol gives its text back") {
  Interner interner;
  const Symbol shop = interner.intern("shop");
  CHECK(interner.intern(std::string("sh") + "op") == shop);
  CHECK(interner.intern("cart") != shop);
  CHECK(interner.text(shop) == "shop");
  CHECK(interner.size() == 3);  // with the empty one
}

TEST_CASE("the empty text is the empty symbol, and unknown texts are found as that") {
  Interner interner;
  CHECK(interner.intern("") == Symbol::kEmpty);
  CHECK(interner.text(Symbol::kEmpty).empty());
  CHECK(interner.find("never seen") == Symbol::kEmpty);
  CHECK(interner.size() == 1);
}

TEST_CASE("views of a text stay valid while thousands of others come, and when the interner moves") {
  Interner interner;
  const Symbol first = interner.intern("n");  // short enough to sit inside of its std::string
  const std::string_view view = interner.text(first);
  for (int i = 0; i < 10'000; ++i) {
    (void)interner.intern("name-" + std::to_string(i));
  }
  const Interner moved = std::move(interner);
  CHECK(view == "n");
  CHECK(moved.find("n") == first);
  CHECK(moved.find("name-9999") != Symbol::kEmpty);
}

TEST_CASE("a text with a NUL inside is one text") {
  Interner interner;
  CHECK(interner.intern(std::string_view("a\0b", 3)) != interner.intern("a"));
}

}  // namespace
}  // namespace remint
