// Did it help? Judged by the pods that came after the patch.

#include <fmt/format.h>

#include "strategy.hpp"

namespace remint::restart {
namespace {

Step cured(const View& view, std::string message) {
  return finish(view, Phase::kSucceeded, Outcome::kCured, {"Cured", std::move(message)});
}

Step not_cured(const View& view, std::string message) {
  return finish(view, Phase::kFailed, Outcome::kNotCured, {"NotCured", std::move(message)});
}

Step unverified(const View& view, std::string message) {
  return finish(view, Phase::kSucceeded, Outcome::kUnverified, {"Unverified", std::move(message)});
}

/// At the end of the time, with what there is.
Step judge(const View& view, const VerificationInput& seen) {
  const std::string time = format_duration(view.journal.spec.observe);
  if (seen.heard == 0) {
    return unverified(view, fmt::format("no request of the {} new pods was seen within {}", seen.pods, time));
  }
  if (seen.authenticated == seen.heard) {
    return cured(view,
                 fmt::format("{} of {} new pods were heard, and all of these authenticate", seen.heard, seen.pods));
  }
  if (seen.authenticated == 0) {
    // Too few requests to reach the threshold, but not one of them was accepted.
    return not_cured(view, fmt::format("{} of {} new pods were heard within {}, and none of these authenticates",
                                       seen.heard, seen.pods, time));
  }
  return unverified(view, fmt::format("{} of {} new pods authenticate, {} had single requests rejected",
                                      seen.authenticated, seen.pods, seen.heard - seen.authenticated));
}

}  // namespace

Step step_verify(const View& view) {
  const Time since = view.journal.status.rolled_out.value_or(view.journal.created);
  const bool over = view.now - since >= view.journal.spec.observe;
  if (!view.observation.verification) {
    return over ? unverified(view, "detection had nothing to say about the new pods") : stay(view);
  }
  const VerificationInput& seen = *view.observation.verification;
  if (seen.failing > 0) {
    return not_cured(view, fmt::format("{} of {} new pods fail again with 401: a new token is not the cure",
                                       seen.failing, seen.pods));
  }
  if (over) {
    return judge(view, seen);
  }
  if (seen.pods > 0 && seen.authenticated >= seen.pods && view.now - since >= view.settings.quiet) {
    return cured(view, fmt::format("all {} new pods authenticate", seen.pods));
  }
  return stay(view);
}

}  // namespace remint::restart
