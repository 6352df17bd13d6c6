#include "remint/policy/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "parse_schedule.hpp"
#include "parse_selector.hpp"
#include "parse_signals.hpp"
#include "parse_strategies.hpp"

namespace remint::policy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t kMaxNamespaces = 100;

bool is_glob(std::string_view text) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '*'; };
  return !text.empty() && text.size() <= 63 && inner(text.front()) && inner(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return inner(c) || c == '-'; });
}

std::vector<std::string> parse_globs(const JsonReader& reader) {
  std::vector<std::string> globs;
  const auto items = reader.items();
  if (items.size() > kMaxNamespaces) {
    reader.error(fmt::format("at most {} namespaces, has {}", kMaxNamespaces, items.size()));
    return globs;
  }
  for (const JsonReader& item : items) {
    globs.push_back(item.string());
    if (item.json().is_string() && !is_glob(globs.back())) {
      item.error("must be a namespace's name; '*' stands for any characters");
    }
  }
  return globs;
}

std::vector<std::string> parse_kinds(const JsonReader& reader) {
  if (!reader.present()) {
    return Match{}.kinds;
  }
  std::vector<std::string> kinds;
  const auto items = reader.items();
  if (reader.json().is_array() && items.empty()) {
    reader.error(fmt::format("must name at least one kind, such as {}", fmt::join(Match{}.kinds, ", ")));
  }
  if (items.size() > kMaxKinds) {
    reader.error(fmt::format("at most {} kinds, has {}", kMaxKinds, items.size()));
    return kinds;
  }
  for (const JsonReader& item : items) {
    const std::string kind = item.string();
    if (!item.json().is_string() || !check_kind(item, kind)) {
      continue;
    }
    if (std::ranges::find(kinds, kind) != kinds.end()) {
      item.error("is named twice");
    } else {
      kinds.push_back(kind);
    }
  }
  return kinds;
}

void refuse_in_namespaced(const JsonReader& reader, std::string_view why) {
  if (reader.present()) {
    reader.error(fmt::format("belongs in a ClusterTokenRefreshPolicy: a TokenRefreshPolicy {}", why));
  }
}

Match parse_match(const JsonReader& reader, bool cluster) {
  Match match;
  reader.only({"namespaces", "namespaceSelector", "selector", "kinds"});
  const JsonReader namespaces = reader.at("namespaces");
  const JsonReader selector = reader.at("namespaceSelector");
  if (cluster) {
    namespaces.only({"include", "exclude"});
    match.include_namespaces = parse_globs(namespaces.at("include"));
    match.exclude_namespaces = parse_globs(namespaces.at("exclude"));
    match.namespace_selector = parse_selector(selector);
  } else {
    refuse_in_namespaced(namespaces, "speaks for its own namespace only");
    refuse_in_namespaced(selector, "speaks for its own namespace only");
  }
  match.selector = parse_selector(reader.at("selector"));
  match.kinds = parse_kinds(reader.at("kinds"));
  return match;
}

Spec parse_spec(const JsonReader& reader, bool cluster) {
  Spec spec;
  reader.only({"suspend", "mode", "priority", "match", "signals", "minConfidence", "strategies", "gentle", "limits",
               "windows", "blackouts", "urgentBefore", "storm", "breaker", "approval", "verification"});
  spec.suspend = reader.at("suspend").boolean(spec.suspend);
  const JsonReader mode = reader.at("mode");
  const std::string mode_text = mode.string(to_string(spec.mode));
  if (const auto parsed = parse_mode(mode_text)) {
    spec.mode = *parsed;
  } else {
    mode.error("must be Observe, Approve or Enforce");
  }
  const JsonReader priority = reader.at("priority");
  if (cluster) {
    spec.priority = static_cast<std::int32_t>(priority.integer(0, -1'000'000, 1'000'000));
  } else {
    refuse_in_namespaced(priority, "goes first in its own namespace");
  }
  spec.match = parse_match(reader.at("match"), cluster);
  parse_signals(reader.at("signals"), spec);
  spec.min_confidence = reader.at("minConfidence").number(spec.min_confidence, 0, 1);
  spec.strategies = parse_strategies(reader.at("strategies"));
  spec.gentle = parse_gentle(reader.at("gentle"));
  spec.limits = parse_limits(reader.at("limits"));
  spec.windows = {parse_windows(reader.at("windows")), parse_blackouts(reader.at("blackouts"))};
  spec.urgent_before = reader.at("urgentBefore").duration(spec.urgent_before, seconds(0), hours(8760));
  spec.storm = parse_storm(reader.at("storm"));
  spec.breaker = parse_breaker(reader.at("breaker"));
  spec.approval = parse_approval(reader.at("approval"));
  const JsonReader verification = reader.at("verification");
  verification.only({"observe"});
  spec.verification_observe = verification.at("observe").duration(spec.verification_observe, seconds(1), hours(24));
  return spec;
}

}  // namespace

std::expected<Policy, FieldErrors> parse_policy(const Json& object) {
  FieldErrors errors;
  Policy policy;
  if (!object.is_object()) {
    return std::unexpected(FieldErrors{{"", "must be an object"}});
  }
  const JsonReader root(object, errors);
  root.only({"apiVersion", "kind", "metadata", "spec", "status"});
  if (root.at("apiVersion").string() != "remint.dev/v1alpha1") {
    root.at("apiVersion").error("must be remint.dev/v1alpha1");
  }
  policy.kind = root.at("kind").string();
  const bool cluster = policy.kind == "ClusterTokenRefreshPolicy";
  if (!cluster && policy.kind != "TokenRefreshPolicy") {
    root.at("kind").error("must be ClusterTokenRefreshPolicy or TokenRefreshPolicy");
  }
  const JsonReader metadata = root.at("metadata");
  policy.key = {metadata.at("namespace").string(), metadata.at("name").string()};
  policy.uid = metadata.at("uid").string();
  policy.generation = metadata.at("generation").integer(0, 0, std::numeric_limits<std::int64_t>::max());
  if (policy.key.name.empty()) {
    metadata.at("name").error("is missing");
  }
  if (cluster && !policy.key.ns.empty()) {
    metadata.at("namespace").error("a ClusterTokenRefreshPolicy has none");
  }
  if (policy.kind == "TokenRefreshPolicy" && policy.key.ns.empty()) {
    metadata.at("namespace").error("is missing: a TokenRefreshPolicy lives in the namespace it speaks for");
  }
  policy.spec = parse_spec(root.at("spec"), cluster);
  if (!errors.empty()) {
    return std::unexpected(std::move(errors));
  }
  return policy;
}

}  // namespace remint::policy
