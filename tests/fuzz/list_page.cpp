// Pages of a LIST, cut where the network cuts them.
#include <string>
#include <vector>

#include "fuzz.hpp"
#include "remint/kube/list_decoder.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

constexpr std::size_t kMaxObject = 2048, kMaxPage = 32U << 10U;

struct ReadPage {
  bool whole = false;  ///< the page was read to its end
  kube::ListPage page;
  std::vector<std::string> items;
};

ReadPage read_page(kube::ListDecoder& decoder, std::string_view text, const Cuts& cuts) {
  ReadPage read;
  decoder.begin();
  const auto sink = [&](std::string_view item) -> Result<void> {
    touch({item.data(), item.size() + kube::kItemPadding});
    check(item.size() <= kMaxObject, "an item is within its cap");
    read.items.emplace_back(item);
    return {};
  };
  bool well = true;
  cuts.each(text, [&](std::string_view piece) { return well = decoder.feed(piece, sink).has_value(); });
  if (!well) {
    return read;
  }
  check(decoder.items() == read.items.size(), "each item is handed on once");
  if (const auto page = decoder.finish()) {
    check(page->items == read.items.size(), "a page's items are counted");
    read.whole = true;
    read.page = *page;
  }
  return read;
}

}  // namespace

void fuzz_list_page(std::string_view input) {
  const Cuts cuts(input);
  std::string_view none;
  static kube::ListDecoder used(kMaxObject, kMaxPage);
  const ReadPage whole = read_page(used, input, Cuts(none));
  const ReadPage cut = read_page(used, input, cuts);
  check(whole.whole == cut.whole, "wherever the bytes are cut, a page is one or is none");
  if (whole.whole) {
    check(whole.items == cut.items, "wherever the bytes are cut, the items are the same");
    check(whole.page.resource_version == cut.page.resource_version &&
              whole.page.continue_token == cut.page.continue_token,
          "wherever the bytes are cut, the metadata is the same");
  }
}

}  // namespace remint::fuzz
