#include "exact_join.hpp"

namespace remint::detect {

ExactJoin::Entry& ExactJoin::of(std::string_view audit_id, Time now) {
  const std::string id(audit_id);
  if (const auto found = entries_.find(id); found != entries_.end()) {
    return found->second;
  }
  if (order_.size() >= kMax) {
    drop_oldest();
  }
  order_.push_back(id);
  Entry& entry = entries_[id];
  entry.heard = now;
  return entry;
}

void ExactJoin::forget(Time before) {
  while (!order_.empty() && entries_.at(order_.front()).heard < before) {
    drop_oldest();
  }
}

void ExactJoin::drop_oldest() {
  const auto oldest = entries_.find(order_.front());
  if (const auto claims = claims_.find(oldest->second.pod_uid); claims != claims_.end() && --claims->second == 0) {
    claims_.erase(claims);
  }
  entries_.erase(oldest);
  order_.pop_front();
}

}  // namespace remint::detect
