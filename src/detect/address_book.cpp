#include "address_book.hpp"

#include <algorithm>

namespace remint::detect {

void AddressBook::hold(const IpAddress& address, PodHandle pod, Time since) {
  auto& holds = holds_[address];
  const bool held = std::ranges::any_of(holds, [&](const Hold& h) { return h.pod == pod && h.end == Time::max(); });
  if (!held) {
    holds.push_back({pod, since, Time::max()});
    holds.shrink_to_fit();  // nearly every address has one holder
  }
}

void AddressBook::release(const IpAddress& address, PodHandle pod, Time at) {
  const auto found = holds_.find(address);
  if (found == holds_.end()) {
    return;
  }
  for (Hold& hold : found->second) {
    if (hold.pod == pod && hold.end == Time::max()) {
      hold.end = std::max(at, hold.begin);
      released_.push_back({hold.end, address});
    }
  }
}

void AddressBook::forget(Time before) {
  while (!released_.empty() && released_.front().at <= before) {
    const auto found = holds_.find(released_.front().address);
    released_.pop_front();
    if (found == holds_.end()) {
      continue;
    }
    std::erase_if(found->second, [before](const Hold& hold) { return hold.end <= before; });
    if (found->second.empty()) {
      holds_.erase(found);
    }
  }
}

AddressBook::Answer AddressBook::who_had(const IpAddress& address, Time at, Duration slack, PodHandle& pod,
                                         Time& since) const {
  const auto found = holds_.find(address);
  if (found == holds_.end()) {
    return Answer::kNever;
  }
  const Hold* one = nullptr;
  for (const Hold& hold : found->second) {
    if (at < hold.begin - slack || (hold.end != Time::max() && at > hold.end + slack)) {
      continue;
    }
    if (one != nullptr && one->pod != hold.pod) {
      return Answer::kSeveral;
    }
    one = &hold;
  }
  if (one == nullptr) {
    return Answer::kOtherTime;
  }
  pod = one->pod;
  since = one->begin;
  return Answer::kOne;
}

void AddressBook::remove_node(const IpAddress& address) {
  const auto found = nodes_.find(address);
  if (found != nodes_.end() && --found->second == 0) {
    nodes_.erase(found);
  }
}

}  // namespace remint::detect
