#include "parse_schedule.hpp"

namespace remint::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::uint32_t number(const JsonReader& reader, std::uint32_t default_value, std::int64_t min, std::int64_t max) {
  return static_cast<std::uint32_t>(reader.integer(default_value, min, max));
}

}  // namespace

Limits parse_limits(const JsonReader& reader) {
  Limits limits;
  reader.only({"cooldown", "maxPerHour", "maxConcurrent", "maxWorkloadsPercent", "maxNamespacePercent",
               "maxConcurrentPerBudget", "spreadPercent"});
  limits.cooldown = reader.at("cooldown").duration(limits.cooldown, seconds(0), hours(720));
  limits.max_per_hour = number(reader.at("maxPerHour"), limits.max_per_hour, 1, 10'000);
  limits.max_concurrent = number(reader.at("maxConcurrent"), limits.max_concurrent, 1, 1000);
  limits.max_workloads_percent = number(reader.at("maxWorkloadsPercent"), limits.max_workloads_percent, 1, 100);
  limits.max_namespace_percent = number(reader.at("maxNamespacePercent"), limits.max_namespace_percent, 1, 100);
  limits.max_concurrent_per_budget =
      number(reader.at("maxConcurrentPerBudget"), limits.max_concurrent_per_budget, 1, 1000);
  limits.spread_percent = number(reader.at("spreadPercent"), limits.spread_percent, 0, 100);
  return limits;
}

Gentle parse_gentle(const JsonReader& reader) {
  Gentle gentle;
  reader.only({"maxAffectedPercent"});
  gentle.max_affected_percent = number(reader.at("maxAffectedPercent"), gentle.max_affected_percent, 0, 100);
  return gentle;
}

Breaker parse_breaker(const JsonReader& reader) {
  Breaker breaker;
  reader.only({"failures", "openFor", "policyFailures"});
  breaker.failures = number(reader.at("failures"), breaker.failures, 1, 100);
  breaker.open_for = reader.at("openFor").duration(breaker.open_for, minutes(1), hours(8760));
  breaker.policy_failures = number(reader.at("policyFailures"), breaker.policy_failures, 0, 1000);
  return breaker;
}

StormSpec parse_storm(const JsonReader& reader) {
  StormSpec storm;
  reader.only({"percent", "minWorkloads", "within", "then", "pace"});
  storm.percent = number(reader.at("percent"), storm.percent, 0, 100);
  storm.min_workloads = number(reader.at("minWorkloads"), storm.min_workloads, 1, 100'000);
  storm.within = reader.at("within").duration(storm.within, seconds(1), hours(24));
  const JsonReader then = reader.at("then");
  if (const auto parsed = parse_storm_then(then.string(to_string(storm.then)))) {
    storm.then = *parsed;
  } else {
    then.error("must be Ask (wait for a person) or Pace (one at a time)");
  }
  storm.pace = reader.at("pace").duration(storm.pace, seconds(1), hours(24));
  return storm;
}

ApprovalSpec parse_approval(const JsonReader& reader) {
  ApprovalSpec approval;
  reader.only({"expiresAfter"});
  approval.expires_after = reader.at("expiresAfter").duration(approval.expires_after, minutes(1), hours(8760));
  return approval;
}

}  // namespace remint::policy
