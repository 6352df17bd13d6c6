#pragma once
// From the reflectors to the detection thread: decodes on the reflector's thread, sends records in batches.

#include <functional>
#include <memory>
#include <vector>

#include "remint/controllers/detection_controller.hpp"
#include "remint/detect/inventory.hpp"
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
  using Change = std::function<void(DetectionEngine&, Time)>;
  [[nodiscard]] Result<Change> decode(std::string_view object) const;
  [[nodiscard]] Result<void> add(std::string_view object);
  void flush();

  DetectionController& detection_;
  detect::ObjectKind kind_;
  std::vector<detect::PodRecord> pods_;  ///< pending, of the list in progress: when the feed is the pods'
  std::vector<Change> changes_;          ///< pending, of any other kind
};

}  // namespace remint::controllers
