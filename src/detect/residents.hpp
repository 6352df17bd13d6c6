#pragma once
// Who was accepted from an address that is not its own, and as whom: where to look for candidates. A gateway may have
// thousands of pods behind it, so they are kept by user agent.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <unordered_map>
#include <vector>

#include "habits.hpp"
#include "owners.hpp"
#include "pod_state.hpp"

namespace remint::detect {

/// A pod as the detector knows it; stays where it is for as long as it is known.
using KnownPod = TextMap<PodState>::value_type;

/// Not thread-safe. A pod is forgotten before its KnownPod goes.
class Residents {
 public:
  static constexpr std::size_t kMax = 20'000;  ///< pods of one user agent at one address

  void settle(const IpAddress& address, Fold agent, const KnownPod* pod) {
    Place& place = places_[address];
    insert(place.pods, pod);
    insert(place.by_agent[agent], pod);
  }
  /// From all these addresses.
  void leave(const std::vector<IpAddress>& addresses, const KnownPod* pod) {
    for (const IpAddress& address : addresses) {
      const auto found = places_.find(address);
      if (found == places_.end()) {
        continue;
      }
      erase(found->second.pods, pod);
      for (auto agent = found->second.by_agent.begin(); agent != found->second.by_agent.end();) {
        erase(agent->second, pod);
        agent = agent->second.empty() ? found->second.by_agent.erase(agent) : std::next(agent);
      }
      if (found->second.pods.empty()) {
        places_.erase(found);
      }
    }
  }
  [[nodiscard]] bool any(const IpAddress& address) const { return places_.contains(address); }
  [[nodiscard]] std::size_t count(const IpAddress& address) const {
    const auto found = places_.find(address);
    return found == places_.end() ? 0 : found->second.pods.size();
  }
  /// Sorted, by nothing that means anything.
  [[nodiscard]] std::vector<const KnownPod*> with_agent(const IpAddress& address, Fold agent) const {
    const auto place = places_.find(address);
    if (place == places_.end()) {
      return {};
    }
    const auto found = place->second.by_agent.find(agent);
    return found == place->second.by_agent.end() ? std::vector<const KnownPod*>() : found->second;
  }

 private:
  using Pods = std::vector<const KnownPod*>;
  struct Place {
    Pods pods;
    std::unordered_map<Fold, Pods> by_agent;
  };
  static void insert(Pods& pods, const KnownPod* pod) {
    const auto place = std::ranges::lower_bound(pods, pod);
    if (pods.size() < kMax && (place == pods.end() || *place != pod)) {
      pods.insert(place, pod);
    }
  }
  static void erase(Pods& pods, const KnownPod* pod) {
    const auto place = std::ranges::lower_bound(pods, pod);
    if (place != pods.end() && *place == pod) {
      pods.erase(place);
    }
  }
  std::unordered_map<IpAddress, Place> places_;
};

}  // namespace remint::detect
