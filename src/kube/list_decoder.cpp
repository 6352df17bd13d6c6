// Written by hand and not with simdjson, which wants the whole page in memory and looks at each byte of an item that
// will be parsed anyway. What is inside an item is none of our business: only where it ends.
#include "remint/kube/list_decoder.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "bracket_scanner.hpp"
#include "list_metadata.hpp"

namespace remint::kube {
namespace {

// A key of a List, its quotes not counted; the ones we want are short.
constexpr std::size_t kMaxKey = 256;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

enum class At : std::uint8_t {
  kRoot,        // before the List
  kFirstKey,    // behind its {
  kKey,         // behind a comma
  kInKey,       // within a key
  kColon,       // behind a key
  kValue,       // behind a colon
  kString,      // within a string that nobody wants
  kScalar,      // within a number or the like
  kNested,      // within an object or array: metadata, or one that nobody wants
  kFirstItem,   // behind the [ of items
  kNextItem,    // behind a comma in items
  kItem,        // within an item
  kAfterItem,   // behind it
  kAfterValue,  // behind the value of a key
  kEnd,         // behind the List
};

}  // namespace

struct ListDecoder::Impl {
  const std::size_t max_object, max_page;

  ListPage page{};
  std::size_t skip = 0, bytes = 0;
  At at = At::kRoot;
  bool escaped = false;  // in a string or key: the next byte does not end it
  bool has_items = false;
  BracketScanner scanner{};
  std::string key{};
  std::string scalar{};
  std::string kept{};  // the beginning of a value that the last piece did not hold to its end

  Result<std::size_t> take(std::string_view rest, const ItemSink& sink);
  Result<void> structure(char c);
  Result<void> begin_value(char c);
  Result<void> in_scalar(char c);
  void in_key(char c);
  Result<std::size_t> nested(std::string_view rest, const ItemSink& sink);
  Result<void> complete(std::string_view value, std::size_t readable, const ItemSink& sink);
  Result<void> hand_on(std::string_view value, const ItemSink& sink);

  Result<void> go(At next) {
    at = next;
    return {};
  }
  Result<void> enter(At next) {
    scanner.begin();
    return go(next);
  }
};

// How many bytes were taken.
Result<std::size_t> ListDecoder::Impl::take(std::string_view rest, const ItemSink& sink) {
  if (at == At::kNested || at == At::kItem) {
    return nested(rest, sink);
  }
  const At before = at;
  if (auto taken = structure(rest.front()); !taken) {
    return std::unexpected(taken.error());
  }
  // The opening bracket belongs to the value, and what ends a scalar does not belong to it.
  const bool entered = at == At::kNested || at == At::kItem;
  const bool left_scalar = before == At::kScalar && at == At::kAfterValue;
  return entered || left_scalar ? 0 : 1;
}

Result<void> ListDecoder::Impl::structure(char c) {
  const bool within = at == At::kInKey || at == At::kString || at == At::kScalar;
  if (!within && is_space(c)) {
    return {};
  }
  switch (at) {
    case At::kRoot:
      return c == '{' ? go(At::kFirstKey) : not_a_list("it is no object");
    case At::kFirstKey:
    case At::kKey:
      key.clear();
      return c == '"'                          ? go(At::kInKey)
             : c == '}' && at == At::kFirstKey ? go(At::kEnd)
                                               : not_a_list("a key is missing");
    case At::kInKey:
    case At::kString:
      in_key(c);
      return {};
    case At::kColon:
      return c == ':' ? go(At::kValue) : not_a_list("a colon is missing");
    case At::kValue:
      return begin_value(c);
    case At::kScalar:
      return in_scalar(c);
    case At::kFirstItem:
    case At::kNextItem:
      return c == '{'                           ? enter(At::kItem)
             : c == ']' && at == At::kFirstItem ? go(At::kAfterValue)
                                                : not_a_list("an item is no object");
    case At::kAfterItem:
      return c == ',' ? go(At::kNextItem) : c == ']' ? go(At::kAfterValue) : not_a_list("a comma is missing");
    case At::kAfterValue:
      return c == ',' ? go(At::kKey) : c == '}' ? go(At::kEnd) : not_a_list("a comma is missing");
    default:
      return not_a_list("there is something behind it");
  }
}

// Strings that nobody wants end as keys do.
void ListDecoder::Impl::in_key(char c) {
  if (escaped || c != '"') {
    escaped = !escaped && c == '\\';
    if (at == At::kInKey && key.size() < kMaxKey) {
      key += c;
    }
    return;
  }
  at = at == At::kInKey ? At::kColon : At::kAfterValue;
}

Result<void> ListDecoder::Impl::begin_value(char c) {
  if (key == "items") {
    has_items = true;
    return c == '[' ? go(At::kFirstItem) : c == 'n' ? in_scalar(c) : not_a_list("its items are no array");
  }
  if (key == "metadata" && c != '{') {
    return not_a_list("its metadata is no object");
  }
  return c == '"' ? go(At::kString) : c == '{' || c == '[' ? enter(At::kNested) : in_scalar(c);
}

Result<void> ListDecoder::Impl::in_scalar(char c) {
  const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
  if (plain && scalar.size() < kMaxKey) {
    scalar += c;
    return go(At::kScalar);
  }
  // null is an empty slice of Go's.
  if (plain || scalar.empty() || (key == "items" && scalar != "null")) {
    return not_a_list("a value is malformed");
  }
  scalar.clear();
  return go(At::kAfterValue);
}

Result<std::size_t> ListDecoder::Impl::nested(std::string_view rest, const ItemSink& sink) {
  const std::size_t end = scanner.feed(rest);
  const std::string_view part = rest.substr(0, end);
  const bool wanted = at == At::kItem || key == "metadata";
  if (wanted && part.size() > max_object - kept.size()) {
    return fail(ErrorCode::kTooLarge, fmt::format("an item is larger than the {} bytes allowed", max_object));
  }
  if (end == BracketScanner::npos) {
    if (wanted) {
      kept.append(part);
    }
    return part.size();
  }
  if (wanted) {
    if (auto taken = complete(part, rest.size(), sink); !taken) {
      return std::unexpected(taken.error());
    }
  }
  at = at == At::kItem ? At::kAfterItem : At::kAfterValue;
  return end;
}

// `value` is the value, or the end of one that began in an earlier piece.
Result<void> ListDecoder::Impl::complete(std::string_view value, std::size_t readable, const ItemSink& sink) {
  if (kept.empty() && readable - value.size() >= kItemPadding) {
    return hand_on(value, sink);
  }
  kept.append(value);
  kept.reserve(kept.size() + kItemPadding);
  auto taken = hand_on(kept, sink);
  kept.clear();
  return taken;
}

Result<void> ListDecoder::Impl::hand_on(std::string_view value, const ItemSink& sink) {
  if (scanner.saw_beyond_ascii() && !is_utf8(value)) {
    return not_a_list("it is not UTF-8");
  }
  if (at == At::kNested) {
    return decode_list_metadata(value, page);
  }
  return ++page.items <= skip ? Result<void>() : sink(value);
}

ListDecoder::ListDecoder(std::size_t max_object, std::size_t max_page)
    : impl_(std::make_unique<Impl>(Impl{.max_object = max_object, .max_page = max_page})) {}
ListDecoder::~ListDecoder() = default;

void ListDecoder::begin(std::size_t skip) {
  impl_->page = {};
  impl_->skip = skip;
  impl_->bytes = 0;
  impl_->at = At::kRoot;
  impl_->escaped = impl_->has_items = false;
  impl_->scalar.clear();
  impl_->kept.clear();
}

Result<void> ListDecoder::feed(std::string_view piece, const ItemSink& sink) {
  if (piece.size() > impl_->max_page - impl_->bytes) {
    return fail(ErrorCode::kTooLarge, fmt::format("the answer is larger than the {} bytes allowed", impl_->max_page));
  }
  impl_->bytes += piece.size();
  while (!piece.empty()) {
    const auto taken = impl_->take(piece, sink);
    if (!taken) {
      return std::unexpected(taken.error());
    }
    piece.remove_prefix(*taken);
  }
  return {};
}

Result<ListPage> ListDecoder::finish() {
  if (impl_->at != At::kEnd) {
    return not_a_list("it ends too early");
  }
  if (!impl_->has_items || impl_->page.resource_version.empty()) {
    return not_a_list(impl_->has_items ? "it has no metadata.resourceVersion" : "it has no items");
  }
  return std::move(impl_->page);
}

std::size_t ListDecoder::items() const { return impl_->page.items; }

}  // namespace remint::kube
