#include "yaml_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "remint/base/text.hpp"

namespace remint {
namespace {

using nlohmann::json;

constexpr std::string_view kCore = "tag:yaml.org,2002:";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::optional<bool> read_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") {
    return true;
  }
  if (text == "false" || text == "False" || text == "FALSE") {
    return false;
  }
  return std::nullopt;
}

/// [-+]?[0-9]+, 0o[0-7]+ or 0x[0-9a-fA-F]+
bool is_integer(std::string_view text) {
  if (text.starts_with("0o")) {
    text.remove_prefix(2);
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
  }
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  }
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ( [eE][-+]?[0-9]+ )?
bool is_float(std::string_view text) {
  const auto skip_digits = [&] {
    std::size_t count = 0;
    for (; !text.empty() && is_digit(text.front()); ++count) {
      text.remove_prefix(1);
    }
    return count;
  };
  const auto skip_sign = [&] {
    if (text.starts_with('-') || text.starts_with('+')) {
      text.remove_prefix(1);
    }
  };
  skip_sign();
  const std::size_t whole = skip_digits();
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = skip_digits();
  }
  if (whole + fraction == 0) {
    return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    skip_sign();
    if (skip_digits() == 0) {
      return false;
    }
  }
  return text.empty();
}

bool is_infinite_or_nan(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
  } else if (text == ".nan" || text == ".NaN" || text == ".NAN") {
    return true;
  }
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

template <class T>
std::optional<T> convert(std::string_view digits, int base) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return error == std::errc{} && end == digits.data() + digits.size() ? std::optional<T>(value) : std::nullopt;
}

std::optional<json> read_float(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && std::isfinite(value) ? std::optional<json>(value) : std::nullopt;
}

std::optional<json> read_integer(std::string_view text) {
  const int base = text.starts_with("0o") ? 8 : text.starts_with("0x") ? 16 : 10;
  std::string_view digits = text.substr(base == 10 ? 0 : 2);
  if (digits.starts_with('+')) {
    digits.remove_prefix(1);
  }
  if (const auto value = convert<std::int64_t>(digits, base)) {
    return json(*value);
  }
  if (const auto value = convert<std::uint64_t>(digits, base)) {
    return json(*value);
  }
  return base == 10 ? read_float(digits) : std::nullopt;
}

std::unexpected<Error> unholdable(std::string_view text) {
  return fail(ErrorCode::kInvalid, fmt::format("the number {} cannot be represented", sanitize(text, 60)));
}

}  // namespace

Result<json> read_yaml_scalar(const std::string& tag, const std::string& text) {
  if (tag == "!" || tag == "tag:yaml.org,2002:str") {
    return json(text);
  }
  const bool plain = tag == "?" || tag.empty();
  if (!plain && !tag.starts_with(kCore)) {
    return fail(ErrorCode::kInvalid, fmt::format("the tag {} is not supported", sanitize(tag, 80)));
  }
  const std::string_view wanted = plain ? std::string_view() : std::string_view(tag).substr(kCore.size());
  if ((plain || wanted == "null") && is_null(text)) {
    return json(nullptr);
  }
  if (const auto value = read_boolean(text); value && (plain || wanted == "bool")) {
    return json(*value);
  }
  if ((plain || wanted == "int") && is_integer(text)) {
    const auto value = read_integer(text);
    return value ? Result<json>(*value) : unholdable(text);
  }
  if ((plain || wanted == "float") && is_float(text)) {
    const auto value = read_float(text);
    return value ? Result<json>(*value) : unholdable(text);
  }
  if ((plain || wanted == "float") && is_infinite_or_nan(text)) {
    return unholdable(text);
  }
  if (plain) {
    return json(text);
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("\"{}\" does not fit its tag !!{}", sanitize(text, 60), sanitize(wanted, 60)));
}

bool is_core_collection_tag(const std::string& tag, bool sequence) {
  return tag.empty() || tag == "?" || tag == "!" || tag == fmt::format("{}{}", kCore, sequence ? "seq" : "map");
}

}  // namespace remint
