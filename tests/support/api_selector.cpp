#include "support/api_selector.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace remint::testing {
namespace {

using Op = SelectorTerm::Op;

std::string trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

/// Splits at commas outside parentheses.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    if (i > start) parts.push_back(trim(text.substr(start, i - start)));
    start = i + 1;
  }
  return parts;
}

std::expected<SelectorTerm, std::string> parse_term(const std::string& text) {
  for (const auto& [word, op] : {std::pair(" notin ", Op::kNotIn), std::pair(" in ", Op::kIn)}) {
    const auto at = text.find(word);
    if (at == std::string::npos) continue;
    const auto open = text.find('(', at), close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos || close < open) {
      return std::unexpected("unable to parse requirement: found '', expected: '('");
    }
    return SelectorTerm{trim(text.substr(0, at)), op, split(std::string_view(text).substr(open + 1, close - open - 1))};
  }
  const auto equals = text.find('=');
  if (equals == std::string::npos) {
    if (text.starts_with('!')) return SelectorTerm{trim(text.substr(1)), Op::kAbsent, {}};
    return SelectorTerm{text, Op::kExists, {}};
  }
  const bool negated = equals > 0 && text[equals - 1] == '!';
  const std::size_t value = equals + (equals + 1 < text.size() && text[equals + 1] == '=' ? 2 : 1);
  if (text.find('=', value) != std::string::npos) {
    return std::unexpected("unable to parse requirement: found '=', expected: identifier");
  }
  return SelectorTerm{trim(text.substr(0, equals - (negated ? 1 : 0))),
                      negated ? Op::kNotEquals : Op::kEquals,
                      {trim(text.substr(value))}};
}

std::expected<std::vector<SelectorTerm>, std::string> parse_terms(std::string_view text) {
  std::vector<SelectorTerm> terms;
  for (const auto& part : split(text)) {
    auto term = parse_term(part);
    if (!term) return std::unexpected(term.error());
    terms.push_back(std::move(*term));
  }
  return terms;
}

bool holds(const SelectorTerm& term, const std::string* value) {
  const bool listed =
      value != nullptr && std::find(term.values.begin(), term.values.end(), *value) != term.values.end();
  switch (term.op) {
    case Op::kEquals:
    case Op::kIn:
      return listed;
    case Op::kNotEquals:
    case Op::kNotIn:
      return !listed;
    case Op::kExists:
      return value != nullptr;
    case Op::kAbsent:
      return value == nullptr;
  }
  return false;
}

std::string field_of(const Json& object, const std::string& path) {
  const Json* at = &object;
  for (std::size_t start = 0; start <= path.size();) {
    const auto dot = std::min(path.find('.', start), path.size());
    const auto it = at->is_object() ? at->find(path.substr(start, dot - start)) : at->end();
    if (!at->is_object() || it == at->end()) return {};
    at = &*it;
    start = dot + 1;
  }
  return at->is_string() ? at->get<std::string>() : "";
}

bool known_field(const std::string& key, std::string_view kind) {
  if (key == "metadata.name" || key == "metadata.namespace") return true;
  if (kind == "Pod") return key == "spec.nodeName" || key == "status.phase" || key == "spec.serviceAccountName";
  return kind == "Event" && (key.starts_with("regarding.") || key == "reason" || key == "type");
}

}  // namespace

bool Selection::matches(const Json& object) const {
  const auto labels_at = object.find("metadata") == object.end() ? Json() : object["metadata"].value("labels", Json());
  const bool labels_match = std::all_of(labels.begin(), labels.end(), [&](const SelectorTerm& term) {
    if (!labels_at.is_object() || !labels_at.contains(term.key)) return holds(term, nullptr);
    const auto value = labels_at[term.key].get<std::string>();
    return holds(term, &value);
  });
  return labels_match && std::all_of(fields.begin(), fields.end(), [&](const SelectorTerm& term) {
           const auto value = field_of(object, term.key);
           return holds(term, &value);
         });
}

std::expected<Selection, std::string> parse_selection(std::string_view label_selector, std::string_view field_selector,
                                                      std::string_view kind) {
  auto labels = parse_terms(label_selector);
  if (!labels) return std::unexpected(labels.error());
  auto fields = parse_terms(field_selector);
  if (!fields) return std::unexpected(fields.error());
  for (const auto& term : *fields) {
    if (!known_field(term.key, kind)) {
      return std::unexpected("\"" + term.key +
                             "\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
    }
  }
  return Selection{std::move(*labels), std::move(*fields)};
}

}  // namespace remint::testing
