#pragma once
// Who held which address when. Addresses are reused, so each has a short history.

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "remint/base/ip.hpp"
#include "remint/base/time.hpp"

namespace remint::detect {

/// One pod's life in the inventory: a place that may be used again, and a number that may not.
struct PodHandle {
  std::uint32_t slot = 0;
  std::uint32_t serial = 0;
  friend bool operator==(const PodHandle&, const PodHandle&) = default;
};

/// Not thread-safe.
class AddressBook {
 public:
  enum class Answer : std::uint8_t {
    kOne,        ///< exactly one pod
    kSeveral,    ///< more than one, counting those who held it within the slack
    kOtherTime,  ///< known, but nobody's at that time
    kNever,      ///< unknown
  };

  void hold(const IpAddress& address, PodHandle pod, Time since);
  /// Ends the pod's hold, if it has one.
  void release(const IpAddress& address, PodHandle pod, Time at);
  /// Forgets holds that ended at or before `before`.
  void forget(Time before);

  [[nodiscard]] Answer who_had(const IpAddress& address, Time at, Duration slack, PodHandle& pod, Time& since) const;

  /// Addresses that many share: nodes' own, and their host-network pods'. Counted.
  void add_node(const IpAddress& address) { ++nodes_[address]; }
  void remove_node(const IpAddress& address);
  [[nodiscard]] bool is_node(const IpAddress& address) const { return nodes_.contains(address); }

 private:
  struct Hold {
    PodHandle pod;
    Time begin;
    Time end;  ///< Time::max(): still held
  };
  struct Released {
    Time at;
    IpAddress address;
  };
  std::unordered_map<IpAddress, std::vector<Hold>> holds_;
  std::unordered_map<IpAddress, std::uint32_t> nodes_;
  std::deque<Released> released_;  // in the order of release
};

}  // namespace remint::detect
