#pragma once
// From the reflectors to the detection thread: decodes on the reflector's thread, sends records in batches.

#include <vector>

#include "remint/controllers/detection_controller.hpp"
#include "remint/detect/cluster_object.hpp"
#include "remint/runtime/reflector.hpp"

namespace remint::controllers {

/// One per resource; used by one reflector's thread.
class ObjectFeed final : public runtime::ReflectorSink {
 public:
  ObjectFeed(DetectionController& detection, detect::ObjectKind kind);

  void begin_list() override;
  Result<void> apply(std::string_view object, bool initial) override;
  Result<void> remove(std::string_view object) override;
  void end_list() override;

 private:
  void flush();

  DetectionController& detection_;
  detect::ObjectKind kind_;
  std::vector<detect::ClusterObject> pending_;  ///< of the list in progress
};

}  // namespace remint::controllers
