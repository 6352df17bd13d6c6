#pragma once
// The cluster objects of a replay: what exists from the start, and what changes when.

#include <string>
#include <vector>

#include "remint/base/json.hpp"
#include "remint/controllers/detection_engine.hpp"

namespace remint::app {

struct ObjectChange {
  std::optional<Time> at;  ///< absent: exists from the start
  bool deleted = false;
  std::string kind;
  std::string text;  ///< the object as JSON
};

/// A List (or several), single objects, or JSON lines of {"time", "type", "object"}; also .gz. Errors name file and
/// line.
[[nodiscard]] Result<std::vector<ObjectChange>> read_objects(const std::string& file);
/// Policies from YAML or JSON, several documents allowed; every field error is in the message.
[[nodiscard]] Result<std::vector<policy::Policy>> read_policies(const std::string& file);

/// Feeds changes into an engine. Policies among the objects are collected; kinds that detection has no use for are
/// ignored.
class ObjectPlayer {
 public:
  ObjectPlayer(controllers::DetectionEngine& engine, std::vector<policy::Policy> policies, bool policies_are_fixed);
  /// Errors (an object that cannot be decoded) are for warnings: the replay goes on.
  [[nodiscard]] Result<void> apply(const ObjectChange& change, Time now);

 private:
  [[nodiscard]] Result<void> apply_policy(const ObjectChange& change);

  controllers::DetectionEngine& engine_;
  std::vector<policy::Policy> policies_;
  bool fixed_;
};

}  // namespace remint::app
