#include "remint/runtime/watcher.hpp"

#include <algorithm>

namespace remint::runtime {
namespace {

// After these, going on from the old resourceVersion either cannot work or would miss something: the version is too old
// (410), the resource was away and may have come back empty (404), the server does not like the request (400), or an
// event was too large to read (skipping it would leave a hole).
bool needs_list(ErrorCode code) {
  switch (code) {
    case ErrorCode::kGone:
    case ErrorCode::kNotFound:
    case ErrorCode::kInvalid:
    case ErrorCode::kTooLarge:
    case ErrorCode::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Watcher::Watcher(BackoffSettings backoff) : backoff_(backoff) {}

Watcher::Action Watcher::start() const { return resume(); }

Watcher::Action Watcher::resume() const {
  if (resource_version_.empty()) return List{};
  return Watch{resource_version_};
}

Watcher::Action Watcher::step(const Input& input, std::chrono::nanoseconds now, double random) {
  return std::visit([&](const auto& value) { return on(value, now, random); }, input);
}

Watcher::Action Watcher::on(const Listed& listed, std::chrono::nanoseconds now, double random) {
  if (listed.resource_version.empty()) {
    return on(Failed{Error{ErrorCode::kInternal, "the list has no resourceVersion", 0}}, now, random);
  }
  resource_version_ = listed.resource_version;
  synced_ = true;
  watching_since_ = now;
  return resume();
}

Watcher::Action Watcher::on(const Seen& seen, std::chrono::nanoseconds /*now*/, double /*random*/) {
  if (!seen.resource_version.empty()) resource_version_ = seen.resource_version;
  return Continue{};
}

Watcher::Action Watcher::on(const WatchEnded& /*ended*/, std::chrono::nanoseconds now, double random) {
  if (now - watching_since_ < kShortestWatch) {
    const auto pause = delay(now, random);
    watching_since_ = now + pause;
    return Pause{pause};
  }
  watching_since_ = now;
  return resume();
}

Watcher::Action Watcher::on(const Failed& failed, std::chrono::nanoseconds now, double random) {
  if (needs_list(failed.error.code)) resource_version_.clear();
  const auto pause = delay(now, random);
  // An expired version after a quiet time is ordinary (etcd compacts every few minutes), so it costs no waiting; a
  // second one soon after is not, and waits.
  if (failed.error.code == ErrorCode::kGone && backoff_.attempts() == 1) return List{};
  const auto asked = std::min(kLongestPause, std::chrono::seconds(failed.error.retry_after_seconds));
  const auto wait = std::max(pause, std::chrono::milliseconds(asked));
  watching_since_ = now + wait;
  return Pause{wait};
}

std::chrono::milliseconds Watcher::delay(std::chrono::nanoseconds now, double random) {
  if (last_failure_ && now - *last_failure_ > kQuiet) backoff_.reset();
  last_failure_ = now;
  return backoff_.next(random);
}

}  // namespace remint::runtime
