#include "audit_document.hpp"

#include <bit>

namespace remint::detect {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kKeptBuffer = 16U << 20U;

}  // namespace

simdjson::error_code AuditDocumentReader::parse(std::string_view text, ondemand::document& document) {
  if (parser_.capacity() < text.size()) {
    if (const auto error = parser_.allocate(std::bit_ceil(text.size()))) {
      return error;
    }
  }
  return parser_.iterate(buffer_.fill(text)).get(document);
}

std::size_t AuditDocumentReader::offset_of(ondemand::document& document, std::size_t end) const {
  const char* where = nullptr;
  return document.current_location().get(where) ? end : static_cast<std::size_t>(where - buffer_.begin());
}

ReadStatus AuditDocumentReader::event(ondemand::object object) {
  RawEvent raw;
  const ReadStatus status = read_event(object, raw);
  return status == ReadStatus::kOk ? records_.add(raw) : status;
}

std::optional<std::size_t> AuditDocumentReader::events(ondemand::array array, ondemand::document& document,
                                                       std::size_t text_size) {
  // An event is counted when the parser has got past it: one that was left early may yet turn out not to be whole.
  std::optional<ReadStatus> pending;
  std::size_t begin = 0;
  const auto settle = [&](std::size_t end) {
    if (pending == ReadStatus::kOk && end - begin > kEventCap) {
      records_.take_back();
      pending = ReadStatus::kInvalid;
    }
    if (pending) {
      records_.count(*pending);
    }
  };
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value)) {
      if (pending == ReadStatus::kOk) {
        records_.take_back();
      }
      return begin;
    }
    const std::size_t here = offset_of(document, begin);
    settle(here);
    begin = here;
    ondemand::object object;
    const auto error = value.get_object().get(object);
    pending = error == simdjson::SUCCESS          ? event(object)
              : error == simdjson::INCORRECT_TYPE ? ReadStatus::kInvalid
                                                  : ReadStatus::kBroken;
    if (pending == ReadStatus::kBroken) {
      return here;
    }
  }
  settle(offset_of(document, text_size));
  return std::nullopt;
}

AuditDocumentReader::Progress AuditDocumentReader::root_array(ondemand::document& document, std::string_view text) {
  ondemand::array array;
  if (document.get_array().get(array)) {
    return salvage(text);
  }
  if (const auto broken = events(array, document, text.size())) {
    return salvage_elements(text, *broken);
  }
  return {offset_of(document, text.size()), std::nullopt};
}

AuditDocumentReader::Progress AuditDocumentReader::root_object(ondemand::document& document, std::string_view text) {
  ondemand::object root;
  if (document.get_object().get(root)) {
    return salvage(text);
  }
  bool is_list = false;
  ondemand::value value;
  simdjson::error_code found = simdjson::SUCCESS;
  // Until it is not found any more: a field that stands twice is read twice, and the end of the object is reached.
  while ((found = root.find_field("items").get(value)) == simdjson::SUCCESS) {
    ondemand::array items;
    const auto error = value.get_array().get(items);
    if (error == simdjson::INCORRECT_TYPE) {
      if (!value.raw_json_token().starts_with("null")) {
        records_.count(ReadStatus::kInvalid);
      }
    } else if (error) {
      return {0, offset_of(document, text.size())};
    } else if (const auto broken = events(items, document, text.size())) {
      return salvage_elements(text, *broken);
    }
    is_list = true;
  }
  if (found != simdjson::NO_SUCH_FIELD) {
    return is_list ? Progress{0, offset_of(document, text.size())} : salvage(text);
  }
  const std::size_t rest = offset_of(document, text.size());
  if (is_list) {
    return {rest, std::nullopt};
  }
  document.rewind();
  const ReadStatus status = rest > kEventCap                  ? ReadStatus::kInvalid
                            : document.get_object().get(root) ? ReadStatus::kBroken
                                                              : event(root);
  if (status == ReadStatus::kBroken) {
    return {0, offset_of(document, text.size())};
  }
  records_.count(status);
  return {rest, std::nullopt};
}

AuditDocumentReader::Progress AuditDocumentReader::read(std::string_view text) {
  ondemand::document document;
  if ((text.front() != '{' && text.front() != '[') || parse(text, document) != simdjson::SUCCESS) {
    return salvage(text);
  }
  return text.front() == '{' ? root_object(document, text) : root_array(document, text);
}

void AuditDocumentReader::trim() {
  if (buffer_.capacity() > kKeptBuffer) {
    buffer_.release();
    parser_ = ondemand::parser{};
  }
}

}  // namespace remint::detect
