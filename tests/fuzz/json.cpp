// JSON documents, and the reader of their fields.
#include "remint/base/json.hpp"

#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

/// Every getter on every value of the document.
void read_all(const JsonReader& reader) {
  check(reader.integer(7, -5, 1000) <= 1000, "an integer is within its bounds");
  const double number = reader.number(0.5, 0, 1);
  check(number >= 0 && number <= 1, "a number is within its bounds");
  const Duration duration = reader.duration(std::chrono::hours(1), Duration{}, std::chrono::hours(2));
  check(duration >= Duration{} && duration <= std::chrono::hours(2), "a duration is within its bounds");
  static_cast<void>(reader.time());
  static_cast<void>(reader.strings());
  static_cast<void>(reader.boolean(false));
  check(is_valid_utf8(reader.string()), "a text is UTF-8");
  reader.only({"a", "spec"});
  for (const JsonReader& item : reader.items()) {
    read_all(item);
  }
  for (const std::string& key : reader.keys()) {
    read_all(reader.at(key));
  }
}

}  // namespace

void fuzz_json(std::string_view input) {
  const auto document = parse_json(input, 16U << 10U);
  if (!document) {
    check(is_valid_utf8(document.error().message), "an error is safe to print");
    return;
  }
  check(input.size() <= (16U << 10U), "a document is within its cap");
  const auto again = parse_json(dump_json(*document), 1U << 20U);
  check(again && *again == *document, "a document that is written is read as it was");
  FieldErrors errors;
  read_all(JsonReader(*document, errors));
  check(errors.size() <= 101, "errors are within their cap");  // the last one says that there are more
  check(is_valid_utf8(join(errors)), "errors are safe to print");
}

}  // namespace remint::fuzz
