#include "parse_selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace remint::policy {
namespace {

constexpr std::size_t kMaxEntries = 50;
constexpr std::size_t kMaxValues = 100;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// A label value, or the part of a key behind its prefix.
bool is_label_word(std::string_view text) {
  return text.size() <= 63 && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_label_prefix(std::string_view text) {
  return !text.empty() && text.size() <= 253 && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(
             text, [](char c) { return (is_alphanumeric(c) && (c < 'A' || c > 'Z')) || c == '-' || c == '.'; });
}

void check_key(const JsonReader& reader, std::string_view key) {
  const auto slash = key.find('/');
  const bool prefix_good = slash == std::string_view::npos || is_label_prefix(key.substr(0, slash));
  const auto name = slash == std::string_view::npos ? key : key.substr(slash + 1);
  if (!prefix_good || name.empty() || !is_label_word(name)) {
    reader.error("is not a label key such as app or app.kubernetes.io/name");
  }
}

void check_value(const JsonReader& reader, std::string_view value) {
  if (!value.empty() && !is_label_word(value)) {
    reader.error(
        "is not a label value: at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends");
  }
}

std::optional<LabelSelector::Operator> parse_operator(std::string_view text) {
  using Operator = LabelSelector::Operator;
  if (text == "In") return Operator::kIn;
  if (text == "NotIn") return Operator::kNotIn;
  if (text == "Exists") return Operator::kExists;
  if (text == "DoesNotExist") return Operator::kDoesNotExist;
  return std::nullopt;
}

LabelSelector::Requirement parse_requirement(const JsonReader& reader) {
  using Operator = LabelSelector::Operator;
  LabelSelector::Requirement requirement;
  reader.only({"key", "operator", "values"});
  const JsonReader key = reader.at("key");
  requirement.key = key.string();
  check_key(key, requirement.key);
  const JsonReader op = reader.at("operator");
  if (const auto parsed = parse_operator(op.string())) {
    requirement.op = *parsed;
  } else {
    op.error("must be In, NotIn, Exists or DoesNotExist");
    return requirement;
  }
  const JsonReader values = reader.at("values");
  const auto items = values.items();
  const bool takes_values = requirement.op == Operator::kIn || requirement.op == Operator::kNotIn;
  if (takes_values && items.empty()) {
    values.error("In and NotIn need at least one value");
  } else if (!takes_values && !items.empty()) {
    values.error("Exists and DoesNotExist take no values");
  } else if (items.size() > kMaxValues) {
    values.error(fmt::format("at most {} values, has {}", kMaxValues, items.size()));
  } else {
    for (const JsonReader& item : items) {
      requirement.values.push_back(item.string());
      check_value(item, requirement.values.back());
    }
  }
  return requirement;
}

}  // namespace

LabelSelector parse_selector(const JsonReader& reader) {
  LabelSelector selector;
  reader.only({"matchLabels", "matchExpressions"});
  const JsonReader labels = reader.at("matchLabels");
  const auto keys = labels.keys();
  if (keys.size() > kMaxEntries) {
    labels.error(fmt::format("at most {} labels, has {}", kMaxEntries, keys.size()));
  } else {
    for (const std::string& key : keys) {
      const JsonReader label = labels.at(key);
      check_key(label, key);
      const std::string value = label.string();
      check_value(label, value);
      selector.match_labels.emplace(key, value);
    }
  }
  const JsonReader expressions = reader.at("matchExpressions");
  const auto items = expressions.items();
  if (items.size() > kMaxEntries) {
    expressions.error(fmt::format("at most {} expressions, has {}", kMaxEntries, items.size()));
  } else {
    for (const JsonReader& item : items) {
      selector.match_expressions.push_back(parse_requirement(item));
    }
  }
  return selector;
}

}  // namespace remint::policy
