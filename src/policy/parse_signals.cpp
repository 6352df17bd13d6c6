#include "parse_signals.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "remint/base/text.hpp"

namespace remint::policy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// As of detect/pod_log.hpp, which policies do not know. All patterns of a policy together take a bounded time per byte.
constexpr std::size_t kMaxPatterns = 30;
constexpr std::size_t kMaxPatternBytes = 512;
constexpr std::int64_t kMaxPatternMemory = 1U << 20U;
constexpr int kMaxSteps = 4'096;
constexpr int kMaxStepsOfOne = 1'024;
constexpr std::size_t kMaxReason = 128;  // what the API server allows

/// Its size in steps of RE2's program; 0 when it is refused.
int check_pattern(const JsonReader& reader, const std::string& pattern) {
  if (!reader.json().is_string()) {
    return 0;  // said already
  }
  if (pattern.size() > kMaxPatternBytes) {
    reader.error(fmt::format("is longer than {} bytes", kMaxPatternBytes));
    return 0;
  }
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMaxPatternMemory);
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (compiled.error_code() == RE2::ErrorPatternTooLarge || compiled.ProgramSize() > kMaxStepsOfOne) {
    reader.error("is too costly: make its repetitions shorter");
  } else if (!compiled.ok()) {
    reader.error("is no RE2 pattern: " + sanitize(compiled.error(), 160));
  } else if (RE2::PartialMatch("", compiled)) {
    reader.error("matches the empty line, and so every line");
  } else {
    return compiled.ProgramSize();
  }
  return 0;
}

std::vector<JsonReader> bounded(const JsonReader& reader, std::string_view what) {
  auto items = reader.items();
  if (items.size() > kMaxPatterns) {
    reader.error(fmt::format("at most {} {}, has {}", kMaxPatterns, what, items.size()));
    items.clear();
  }
  return items;
}

void check_cost(const JsonReader& reader, int steps) {
  if (steps > kMaxSteps) {
    reader.error("together they are too costly: fewer of them, or simpler ones");
  }
}

PodLogSignal parse_pod_log(const JsonReader& reader) {
  PodLogSignal signal;
  reader.only({"enabled", "patterns", "sufficient"});
  signal.enabled = reader.at("enabled").boolean(signal.enabled);
  signal.sufficient = reader.at("sufficient").boolean(signal.sufficient);
  const JsonReader patterns = reader.at("patterns");
  int steps = 0;
  for (const JsonReader& item : bounded(patterns, "patterns")) {
    signal.patterns.push_back(item.string());
    steps += check_pattern(item, signal.patterns.back());
  }
  check_cost(patterns, steps);
  return signal;
}

bool is_name(std::string_view text, bool globs) {
  constexpr std::size_t kLongest = 253;
  return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, [globs](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || (globs && c == '*');
  });
}

KubernetesEventSignal::Mapping parse_mapping(const JsonReader& reader) {
  using enum KubernetesEventSignal::Accuses;
  KubernetesEventSignal::Mapping mapping;
  reader.only({"reason", "pattern", "accuses", "namespace", "name"});
  mapping.reason = reader.at("reason").string("");
  if (mapping.reason.size() > kMaxReason) {
    reader.at("reason").error(fmt::format("is longer than {} bytes", kMaxReason));
  }
  mapping.pattern = reader.at("pattern").string("");
  if (!reader.at("pattern").present()) {
    reader.at("pattern").error("is missing: an RE2 pattern that the Event's message must match");
  }
  const JsonReader accuses = reader.at("accuses");
  const std::string whom = accuses.string("InvolvedPod");
  if (whom == "DaemonSetOnNode") {
    mapping.accuses = kDaemonSetOnNode;
  } else if (whom != "InvolvedPod") {
    accuses.error("must be InvolvedPod or DaemonSetOnNode");
  }
  const JsonReader ns = reader.at("namespace");
  const JsonReader name = reader.at("name");
  mapping.ns = ns.string("");
  mapping.name = name.string("");
  if (mapping.accuses == kInvolvedPod) {
    for (const JsonReader& field : {ns, name}) {
      if (field.present()) field.error("is for accuses: DaemonSetOnNode");
    }
    return mapping;
  }
  if (!is_name(mapping.ns, false)) {
    ns.error("must be the namespace of the DaemonSet");
  }
  if (!is_name(mapping.name, true)) {
    name.error("must be the name of the DaemonSet; '*' stands for any characters");
  }
  return mapping;
}

KubernetesEventSignal parse_event(const JsonReader& reader) {
  KubernetesEventSignal signal;
  reader.only({"enabled", "mappings", "sufficient"});
  signal.enabled = reader.at("enabled").boolean(signal.enabled);
  signal.sufficient = reader.at("sufficient").boolean(signal.sufficient);
  const JsonReader mappings = reader.at("mappings");
  int steps = 0;
  for (const JsonReader& item : bounded(mappings, "mappings")) {
    signal.mappings.push_back(parse_mapping(item));
    if (item.at("pattern").present()) steps += check_pattern(item.at("pattern"), signal.mappings.back().pattern);
  }
  check_cost(mappings, steps);
  return signal;
}

}  // namespace

void parse_signals(const JsonReader& reader, Spec& spec) {
  reader.only({"staleToken", "rejectedToken", "podLog", "kubernetesEvent", "trustChange"});
  const JsonReader stale = reader.at("staleToken");
  stale.only({"enabled", "after"});
  spec.stale_token.enabled = stale.at("enabled").boolean(spec.stale_token.enabled);
  spec.stale_token.after = stale.at("after").duration(spec.stale_token.after, seconds(0), hours(8760));

  const JsonReader rejected = reader.at("rejectedToken");
  rejected.only({"enabled", "count", "within", "for"});
  RejectedTokenSignal& signal = spec.rejected_token;
  signal.enabled = rejected.at("enabled").boolean(signal.enabled);
  signal.count = static_cast<std::uint32_t>(rejected.at("count").integer(signal.count, 1, 100));
  signal.within = rejected.at("within").duration(signal.within, seconds(1), hours(1));
  signal.for_ = rejected.at("for").duration(signal.for_, seconds(0), hours(1));

  spec.pod_log = parse_pod_log(reader.at("podLog"));
  spec.kubernetes_event = parse_event(reader.at("kubernetesEvent"));

  const JsonReader trust = reader.at("trustChange");
  trust.only({"enabled", "secrets", "after"});
  spec.trust_change.enabled = trust.at("enabled").boolean(spec.trust_change.enabled);
  spec.trust_change.secrets = trust.at("secrets").boolean(spec.trust_change.secrets);
  spec.trust_change.after = trust.at("after").duration(spec.trust_change.after, seconds(0), hours(24));
}

}  // namespace remint::policy
