#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/text.hpp"

namespace remint {
namespace {

// A hostile document can have a hundred thousand wrong fields; nobody reads more than a few.
constexpr std::size_t kMaxErrors = 100;

bool is_plain_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// spec + limits -> spec.limits; keys that would be misread are quoted: metadata.labels["app.kubernetes.io/name"].
std::string join_path(const std::string& path, std::string_view key) {
  if (is_plain_key(key)) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }
  return fmt::format("{}[\"{}\"]", path, sanitize(key, 80));
}

/// What was found instead, short enough for a message.
std::string describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::null:
      return "null";
    default:
      return sanitize(dump_json(value), 60);
  }
}

}  // namespace

JsonReader::JsonReader(const Json& document, FieldErrors& errors, std::string path)
    : JsonReader(document.is_null() ? nullptr : &document, &errors, std::move(path)) {}

JsonReader::JsonReader(const Json* value, FieldErrors* errors, std::string path)
    : value_(value), errors_(errors), path_(std::move(path)) {}

const Json& JsonReader::json() const {
  static const Json kNull;
  return value_ == nullptr ? kNull : *value_;
}

JsonReader JsonReader::at(std::string_view key) const {
  const Json* member = nullptr;
  if (value_ != nullptr && !value_->is_object()) {
    error(fmt::format("must be an object, is {}", describe(*value_)));
  } else if (value_ != nullptr) {
    if (const auto found = value_->find(key); found != value_->end() && !found->is_null()) {
      member = &*found;
    }
  }
  return {member, errors_, join_path(path_, key)};
}

std::vector<JsonReader> JsonReader::items() const {
  std::vector<JsonReader> readers;
  if (value_ == nullptr) {
    return readers;
  }
  if (!value_->is_array()) {
    error(fmt::format("must be a list, is {}", describe(*value_)));
    return readers;
  }
  readers.reserve(value_->size());
  for (const Json& element : *value_) {
    readers.push_back({&element, errors_, fmt::format("{}[{}]", path_, readers.size())});
  }
  return readers;
}

std::vector<std::string> JsonReader::keys() const {
  std::vector<std::string> names;
  if (value_ == nullptr) {
    return names;
  }
  if (!value_->is_object()) {
    error(fmt::format("must be an object, is {}", describe(*value_)));
    return names;
  }
  for (const auto& member : value_->items()) {
    names.push_back(member.key());
  }
  return names;
}

std::string JsonReader::string(std::string_view default_value) const {
  if (value_ != nullptr && value_->is_string()) {
    return value_->get<std::string>();
  }
  if (value_ != nullptr) {
    error(fmt::format("must be a string, is {}", describe(*value_)));
  }
  return std::string(default_value);
}

std::int64_t JsonReader::integer(std::int64_t default_value, std::int64_t min, std::int64_t max) const {
  if (value_ == nullptr) {
    return default_value;
  }
  if (value_->is_number_unsigned()) {
    // Compared as unsigned: 2^64 - 1 must not turn into -1.
    const auto value = value_->get<std::uint64_t>();
    if (max >= 0 && value <= static_cast<std::uint64_t>(max) && (min < 0 || value >= static_cast<std::uint64_t>(min))) {
      return static_cast<std::int64_t>(value);
    }
  } else if (value_->is_number_integer()) {
    const auto value = value_->get<std::int64_t>();
    if (value >= min && value <= max) {
      return value;
    }
  }
  error(fmt::format("must be a whole number from {} to {}, is {}", min, max, describe(*value_)));
  return default_value;
}

double JsonReader::number(double default_value, double min, double max) const {
  if (value_ == nullptr) {
    return default_value;
  }
  if (value_->is_number()) {
    const auto value = value_->get<double>();
    if (value >= min && value <= max) {
      return value;
    }
  }
  error(fmt::format("must be a number from {} to {}, is {}", min, max, describe(*value_)));
  return default_value;
}

bool JsonReader::boolean(bool default_value) const {
  if (value_ != nullptr && value_->is_boolean()) {
    return value_->get<bool>();
  }
  if (value_ != nullptr) {
    error(fmt::format("must be true or false, is {}", describe(*value_)));
  }
  return default_value;
}

Duration JsonReader::duration(Duration default_value, Duration min, Duration max) const {
  if (value_ == nullptr) {
    return default_value;
  }
  if (!value_->is_string()) {
    error(fmt::format("must be a duration such as 30m, is {}", describe(*value_)));
    return default_value;
  }
  const auto parsed = parse_duration(value_->get_ref<const std::string&>());
  if (!parsed) {
    error(parsed.error().message);
    return default_value;
  }
  if (*parsed < min || *parsed > max) {
    error(fmt::format("must be from {} to {}, is {}", format_duration(min), format_duration(max),
                      format_duration(*parsed)));
    return default_value;
  }
  return *parsed;
}

std::optional<Time> JsonReader::time() const {
  if (value_ == nullptr) {
    return std::nullopt;
  }
  std::optional<Time> parsed;
  if (value_->is_string()) {
    parsed = parse_rfc3339(value_->get_ref<const std::string&>());
  }
  if (!parsed) {
    error(fmt::format("must be a time such as 2026-07-01T10:27:28Z, is {}", describe(*value_)));
  }
  return parsed;
}

std::vector<std::string> JsonReader::strings() const {
  std::vector<std::string> texts;
  for (const JsonReader& item : items()) {
    if (item.value_->is_string()) {
      texts.push_back(item.value_->get<std::string>());
    } else {
      item.error(fmt::format("must be a string, is {}", describe(*item.value_)));
    }
  }
  return texts;
}

void JsonReader::only(std::initializer_list<std::string_view> known) const {
  for (const std::string& key : keys()) {
    if (std::ranges::find(known, key) == known.end()) {
      JsonReader(nullptr, errors_, join_path(path_, key))
          .error(fmt::format("unknown field; known here: {}", fmt::join(known, ", ")));
    }
  }
}

void JsonReader::error(std::string message) const {
  FieldError problem{path_, std::move(message)};
  // Asking twice for the members of a wrong value is one problem, not two.
  if (errors_->size() > kMaxErrors || std::ranges::find(*errors_, problem) != errors_->end()) {
    return;
  }
  if (errors_->size() == kMaxErrors) {
    problem = {"", fmt::format("more than {} problems; the others are not shown", kMaxErrors)};
  }
  errors_->push_back(std::move(problem));
}

}  // namespace remint
