#include <algorithm>
#include <utility>

#include "remint/runtime/leader.hpp"

namespace remint::runtime {

Result<void> check(const LeaderSettings& settings) {
  const auto valid = settings.duration - settings.margin;
  const auto bad = [](const std::string& what) { return fail(ErrorCode::kInvalid, "leader election: " + what); };
  if (settings.identity.empty()) return bad("the identity is empty; it must be unique to the process");
  if (settings.margin.count() < 0 || valid.count() <= 0)
    return bad("the margin must be shorter than the lease's duration");
  if (settings.renew_every.count() <= 0 || settings.renew_every >= valid) {
    return bad("the lease must be renewed more often than its duration less the margin");
  }
  if (settings.retry_every.count() <= 0 || settings.retry_every >= valid) {
    return bad("the retry period must be shorter than the lease's duration less the margin");
  }
  return {};
}

LeaderMachine::LeaderMachine(LeaderSettings settings) : settings_(std::move(settings)) {}

bool LeaderMachine::leads(std::chrono::nanoseconds now) const { return valid_until_ && now < *valid_until_; }

std::string LeaderMachine::holder() const { return seen_ && exists_ ? seen_->holder : ""; }

LeaderMachine::Action LeaderMachine::step(const Input& input, std::chrono::nanoseconds now, Time wall) {
  return std::visit([&](const auto& value) { return on(value, now, wall); }, input);
}

LeaderMachine::Action LeaderMachine::wake(std::chrono::nanoseconds now, Time wall) {
  // The holder knows the record: it wrote it. Everybody else must look.
  if (leads(now) && !must_read_ && seen_) return write(claim(wall));
  return Get{};
}

LeaderMachine::Action LeaderMachine::on(const Read& read, std::chrono::nanoseconds now, Time wall) {
  must_read_ = false;
  exists_ = read.record.has_value();
  if (read.record) {
    absent_since_.reset();
    // Counted from after the read: the change may be as young as that. (From before it, a slow read would make us
    // believe the record older than it is.)
    if (seen_ != read.record) seen_at_ = now;
    seen_ = read.record;
    if (is_ours(*seen_)) return write(claim(wall));
    // Somebody else's: if we thought we led, we do no longer, whatever our clock says.
    valid_until_.reset();
  }
  const auto alive = alive_until(now);
  if (now >= alive) return write(claim(wall));
  return Sleep{std::min(std::chrono::ceil<std::chrono::milliseconds>(alive - now), settings_.retry_every)};
}

// Until when somebody else may still be acting as the leader.
std::chrono::nanoseconds LeaderMachine::alive_until(std::chrono::nanoseconds now) {
  constexpr auto kNobody = std::chrono::nanoseconds::min();
  if (!seen_ || leads(now)) return kNobody;
  // A record without a duration, which the API server allows: ours is as good a guess as any.
  const std::chrono::nanoseconds duration = seen_->duration.count() > 0 ? seen_->duration : settings_.duration;
  if (exists_) return seen_->holder.empty() ? kNobody : seen_at_ + duration;
  // The lease was deleted under its holder, who may not know yet. Who that was we cannot know either: somebody may have
  // taken it since we last looked. But whoever it is renewed before the deletion, so before now.
  if (!absent_since_) absent_since_ = now;
  return *absent_since_ + std::max<std::chrono::nanoseconds>(duration, settings_.duration);
}

LeaderMachine::Action LeaderMachine::on(const Wrote& wrote, std::chrono::nanoseconds now, Time /*wall*/) {
  conflicted_ = false;
  must_read_ = false;
  exists_ = true;
  absent_since_.reset();
  seen_ = wrote.record;
  seen_at_ = now;
  valid_until_ = wrote.before + settings_.duration - settings_.margin;
  return Sleep{settings_.renew_every};
}

LeaderMachine::Action LeaderMachine::on(const WriteFailed& failed, std::chrono::nanoseconds now, Time /*wall*/) {
  must_read_ = true;
  const auto code = failed.error.code;
  const bool conflict =
      code == ErrorCode::kConflict || code == ErrorCode::kAlreadyExists || code == ErrorCode::kNotFound;
  // Somebody was there first: look at once who. A second time in a row waits, so that two who write in turns do not
  // storm the API server.
  if (conflict && !std::exchange(conflicted_, true)) return Get{};
  return retry(now);
}

LeaderMachine::Action LeaderMachine::on(const ReadFailed& /*failed*/, std::chrono::nanoseconds now, Time /*wall*/) {
  must_read_ = true;
  return retry(now);
}

// A leader's time is running out: it tries again sooner.
LeaderMachine::Action LeaderMachine::retry(std::chrono::nanoseconds now) const {
  return Sleep{leads(now) ? std::max(settings_.retry_every / 4, std::chrono::milliseconds(1)) : settings_.retry_every};
}

LeaseRecord LeaderMachine::claim(Time wall) const {
  const bool ours = seen_ && is_ours(*seen_);
  return {.holder = settings_.identity,
          .duration = std::chrono::ceil<std::chrono::seconds>(settings_.duration),
          .acquire_time = ours ? seen_->acquire_time : wall,
          .renew_time = wall,
          .transitions = seen_ ? seen_->transitions + (ours ? 0 : 1) : 0,
          .resource_version = seen_ && exists_ ? seen_->resource_version : ""};
}

LeaderMachine::Action LeaderMachine::write(LeaseRecord record) {
  attempt_ = record;
  if (exists_) return Update{std::move(record)};
  return Create{std::move(record)};
}

// The name alone does not prove it: another process may have been given the same one by mistake, and two who both take
// the lease for their own would both act. What we wrote ourselves (even when the answer was lost) bears the moment at
// which we first took it, which stays through all renewals.
bool LeaderMachine::is_ours(const LeaseRecord& record) const {
  return record.holder == settings_.identity && attempt_ && record.acquire_time == attempt_->acquire_time;
}

std::optional<LeaseRecord> LeaderMachine::release_record(Time wall) const {
  if (!seen_ || !exists_ || !is_ours(*seen_)) return std::nullopt;
  auto record = *seen_;
  record.holder.clear();
  record.duration = std::chrono::seconds(1);
  record.renew_time = wall;
  return record;
}

}  // namespace remint::runtime
