// Selectors of workload objects, as the list API takes them.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "restart_looks.hpp"

namespace remint::controllers {
namespace {

void add_equalities(const JsonReader& labels, std::vector<std::string>& terms) {
  for (const auto& key : labels.keys()) terms.push_back(key + "=" + labels.at(key).string());
}

/// False: an operator that we do not know.
bool add_expression(const JsonReader& expression, std::vector<std::string>& terms) {
  const auto key = expression.at("key").string();
  const auto op = expression.at("operator").string();
  if (op == "Exists") {
    terms.push_back(key);
  } else if (op == "DoesNotExist") {
    terms.push_back("!" + key);
  } else if (op == "In" || op == "NotIn") {
    terms.push_back(
        fmt::format("{} {} ({})", key, op == "In" ? "in" : "notin", fmt::join(expression.at("values").strings(), ",")));
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string selector_of(const std::string& object) {
  const auto json = parse_json(object);
  if (!json) return "";
  FieldErrors errors;
  std::vector<std::string> terms;
  const auto selector = JsonReader(*json, errors).at("spec").at("selector");
  // A ReplicationController's selector is a plain map; all others have matchLabels and matchExpressions.
  if (!selector.at("matchLabels").present() && !selector.at("matchExpressions").present()) {
    add_equalities(selector, terms);
  } else {
    add_equalities(selector.at("matchLabels"), terms);
    for (const auto& expression : selector.at("matchExpressions").items()) {
      if (!add_expression(expression, terms)) return "";
    }
  }
  return errors.empty() ? fmt::format("{}", fmt::join(terms, ",")) : "";
}

bool targets(std::string_view autoscaler, const ObjectRef& workload) {
  const auto json = parse_json(autoscaler);
  if (!json) return false;
  FieldErrors errors;
  const auto reference = JsonReader(*json, errors).at("spec").at("scaleTargetRef");
  return reference.at("kind").string() == workload.kind && reference.at("name").string() == workload.name;
}

}  // namespace remint::controllers
