#pragma once
// All fuzz targets, by name.

#include <string_view>

namespace remint::fuzz {

/// Ends the program when something is wrong.
struct Target {
  std::string_view name;
  void (*run)(std::string_view input);
};

#include "targets.inc"

/// Nothing when there is none of that name.
inline const Target* find_target(std::string_view name) {
  for (const Target& target : kTargets) {
    if (target.name == name) {
      return &target;
    }
  }
  return nullptr;
}

}  // namespace remint::fuzz
