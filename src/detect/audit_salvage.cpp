// The slow way: where one bad event made the parser refuse a whole body.
#include "audit_document.hpp"
#include "json_splitter.hpp"

namespace remint::detect {

ReadStatus AuditDocumentReader::salvage_event(std::string_view text) {
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (text.front() != '{' || text.size() > kEventCap || parse(text, document) != simdjson::SUCCESS) {
    return ReadStatus::kInvalid;  // not UTF-8, or a control character in a string: what follows is not in doubt
  }
  return document.get_object().get(object) ? ReadStatus::kBroken : event(object);
}

AuditDocumentReader::Progress AuditDocumentReader::salvage_elements(std::string_view text, std::size_t first) {
  JsonSplitter splitter(text, first);
  if (splitter.eat(']')) {
    return {splitter.position(), std::nullopt};
  }
  while (true) {
    splitter.peek();
    const std::size_t begin = splitter.position();
    const auto element = splitter.value();
    const ReadStatus status = element ? salvage_event(*element) : ReadStatus::kBroken;
    if (status == ReadStatus::kBroken) {
      return {0, begin};
    }
    records_.count(status);
    if (splitter.eat(']')) {
      return {splitter.position(), std::nullopt};
    }
    if (!splitter.eat(',')) {
      return {0, splitter.position()};
    }
  }
}

AuditDocumentReader::Progress AuditDocumentReader::salvage_object(std::string_view text) {
  JsonSplitter splitter(text, 1);
  bool is_list = false;
  bool first = true;
  while (!splitter.eat('}')) {
    if (!first && !splitter.eat(',')) {
      return {0, splitter.position()};
    }
    first = false;
    const auto key = splitter.peek() == '"' ? splitter.value() : std::nullopt;
    if (!key || !splitter.eat(':')) {
      return {0, splitter.position()};
    }
    if (*key == "\"items\"" && splitter.eat('[')) {
      is_list = true;
      const Progress progress = salvage_elements(text, splitter.position());
      if (progress.broken) {
        return progress;
      }
      splitter = JsonSplitter(text, progress.rest);
    } else if (!splitter.value()) {
      return {0, splitter.position()};
    }
  }
  if (!is_list) {
    const ReadStatus status = salvage_event(text.substr(0, splitter.position()));
    if (status == ReadStatus::kBroken) {
      return {0, 0};
    }
    records_.count(status);
  }
  return {splitter.position(), std::nullopt};
}

AuditDocumentReader::Progress AuditDocumentReader::salvage(std::string_view text) {
  if (text.front() == '[') {
    return salvage_elements(text, 1);
  }
  if (text.front() == '{') {
    return salvage_object(text);
  }
  JsonSplitter splitter(text);
  const auto value = splitter.value();
  const bool scalar = value && (std::string_view("\"-0123456789").find(value->front()) != std::string_view::npos ||
                                *value == "true" || *value == "false" || *value == "null");
  if (!scalar) {
    return {0, 0};
  }
  records_.count(ReadStatus::kInvalid);
  return {splitter.position(), std::nullopt};
}

}  // namespace remint::detect
