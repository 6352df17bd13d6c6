#include "remint/kube/list_decoder.hpp"

#include <fmt/format.h>
#include <simdjson.h>

namespace remint::kube {
namespace {

using simdjson::ondemand::field;
using simdjson::ondemand::object;

static_assert(kItemPadding >= simdjson::SIMDJSON_PADDING);

std::unexpected<Error> invalid(std::string_view what) {
  return fail(ErrorCode::kInvalid, fmt::format("the answer is not a List: {}", what));
}

std::unexpected<Error> invalid(simdjson::error_code error) { return invalid(simdjson::error_message(error)); }

Result<void> decode_metadata(simdjson::ondemand::value value, ListPage& page) {
  object metadata;
  if (const auto error = value.get_object().get(metadata)) {
    return invalid(error);
  }
  for (auto member : metadata) {
    std::string_view key;
    if (const auto error = member.unescaped_key().get(key)) {
      return invalid(error);
    }
    std::string* into = key == "resourceVersion" ? &page.resource_version
                        : key == "continue"      ? &page.continue_token
                                                 : nullptr;
    if (into == nullptr) {
      continue;
    }
    std::string_view text;
    if (const auto error = member.value().get_string().get(text)) {
      return invalid(error);
    }
    *into = text;
  }
  return {};
}

Result<void> decode_items(simdjson::ondemand::value value, const ItemSink& sink, ListPage& page) {
  bool is_null = false;
  if (const auto error = value.is_null().get(is_null)) {
    return invalid(error);
  }
  if (is_null) {
    return {};  // an empty Go slice
  }
  simdjson::ondemand::array items;
  if (const auto error = value.get_array().get(items)) {
    return invalid(error);
  }
  for (auto element : items) {
    object item;
    std::string_view raw;
    if (const auto error = element.get_object().get(item)) {
      return invalid(error);
    }
    if (const auto error = item.raw_json().get(raw)) {
      return invalid(error);
    }
    ++page.items;
    if (auto taken = sink(raw); !taken) {
      return taken;
    }
  }
  return {};
}

}  // namespace

struct ListDecoder::Impl {
  simdjson::ondemand::parser parser;
};

ListDecoder::ListDecoder() : impl_(std::make_unique<Impl>()) {}
ListDecoder::~ListDecoder() = default;

Result<ListPage> ListDecoder::decode(std::string& body, const ItemSink& sink) {
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  if (const auto error = impl_->parser.iterate(body.data(), body.size(), body.capacity()).get(document)) {
    return invalid(error);
  }
  object root;
  if (const auto error = document.get_object().get(root)) {
    return invalid(error);
  }
  ListPage page;
  bool has_items = false;
  for (auto member : root) {
    std::string_view key;
    if (const auto error = member.unescaped_key().get(key)) {
      return invalid(error);
    }
    Result<void> decoded;
    if (key == "metadata") {
      decoded = decode_metadata(member.value(), page);
    } else if (key == "items") {
      has_items = true;
      decoded = decode_items(member.value(), sink, page);
    }
    if (!decoded) {
      return std::unexpected(decoded.error());
    }
  }
  // 3.0.1 has no document::at_end(); behind the last token there is no location.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return invalid("there is something behind it");
  }
  if (!has_items || page.resource_version.empty()) {
    return invalid(has_items ? "it has no metadata.resourceVersion" : "it has no items");
  }
  return page;
}

}  // namespace remint::kube
