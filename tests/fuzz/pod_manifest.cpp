// Pods and workloads as a restart looks at them, and the pod as it would be created again.
#include "pod_manifest.hpp"

#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "remint/restart/observation.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_pod_manifest(std::string_view input) {
  if (const auto target = restart::parse_target(input)) {
    static_cast<void>(restart::rollout_progress("Deployment", *target));
    static_cast<void>(restart::rollout_progress("StatefulSet", *target));
  }
  static_cast<void>(restart::parse_pod(input));
  check(
      restart::grace_period(input) >= Duration::zero() && restart::grace_period(input) <= std::chrono::hours(24 * 366),
      "a grace period is within sane bounds");
  const std::string trouble = restart::pod_trouble(input);
  check(is_valid_utf8(trouble) && trouble.find('\x1b') == std::string::npos,
        "what is wrong with a pod is safe to print");

  const auto pod = parse_json(input);
  if (!pod || !pod->is_object()) {
    return;
  }
  for (const bool keep_node : {false, true}) {
    const Json clean = restart::clean_pod(*pod, keep_node);
    check(restart::clean_pod(clean, keep_node) == clean, "cleaning what is clean changes nothing");
    check(!clean.contains("status"), "a pod that is created anew has no status");
  }
  restart::Journal journal;
  journal.key = {"shop", "cart"};
  journal.uid = "uid-1";
  if (const auto manifest = restart::manifest_of(input, journal)) {
    check(parse_json(*manifest).has_value(), "a manifest is JSON");
    check(restart::made_by(*manifest, journal), "a pod that is created anew bears the journal's mark");
  }
}

}  // namespace remint::fuzz
