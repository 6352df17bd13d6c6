#pragma once
// One accused pod, with all that accuses it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "callers.hpp"
#include "pod_state.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect {

/// Alive, when it comes to a case.
struct Suspect {
  PodView view;
  const PodState* state = nullptr;  ///< never null: of a pod that was never heard it is empty
  std::vector<Time> rejections;     ///< since its last success, oldest first
  std::uint64_t count = 0;          ///< so many there were, also those no longer kept
  Time since = Time::max();         ///< the first of them
  std::vector<Evidence> notes;
  std::vector<RequestWindow> windows;
  NewestAgent agent;                       ///< of the rejections
  double confidence = 1;                   ///< that the rejections are its own
  std::map<IpAddress, double> by_address;  ///< shared addresses from which it is accused, and how surely
  std::string others;                      ///< who else it may have been
  std::vector<std::string> reasons;        ///< for that; empty when the address alone says it
  std::vector<std::string> suspects;       ///< UIDs of whom they may be of, likeliest first

  [[nodiscard]] bool failing() const { return !rejections.empty(); }
};

[[nodiscard]] Suspect suspect_of(PodView view, const PodState* state);
/// Rejections from a shared address that are taken for this pod's.
void add_accusation(Suspect& suspect, const SharedAccusation& accusation);

[[nodiscard]] PodHealth health_of(const Suspect& suspect, const DetectorSettings& settings);

}  // namespace remint::detect
