#include "list_metadata.hpp"

#include <fmt/format.h>
#include <simdjson.h>

namespace remint::kube {
namespace {

static_assert(kItemPadding >= simdjson::SIMDJSON_PADDING);

}  // namespace

std::unexpected<Error> not_a_list(std::string_view what) {
  return fail(ErrorCode::kInvalid, fmt::format("the answer is not a List: {}", what));
}

Result<void> decode_list_metadata(std::string_view json, ListPage& page) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object metadata;
  auto error = parser.iterate(simdjson::padded_string_view(json, json.size() + kItemPadding)).get(document);
  if (!error) {
    error = document.get_object().get(metadata);
  }
  if (error) {
    return not_a_list(simdjson::error_message(error));
  }
  for (auto member : metadata) {
    std::string_view key;
    error = member.unescaped_key().get(key);
    std::string* into = key == "resourceVersion" ? &page.resource_version
                        : key == "continue"      ? &page.continue_token
                                                 : nullptr;
    if (!error && into != nullptr) {
      std::string_view text;
      error = member.value().get_string().get(text);
      *into = text;
    }
    if (error) {
      return not_a_list(simdjson::error_message(error));
    }
  }
  return {};
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace remint::kube
