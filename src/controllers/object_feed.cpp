#include "remint/controllers/object_feed.hpp"

#include <memory>
#include <utility>

namespace remint::controllers {
namespace {

constexpr std::size_t kBatch = 256;

}  // namespace

ObjectFeed::ObjectFeed(DetectionController& detection, detect::ObjectKind kind) : detection_(detection), kind_(kind) {}

void ObjectFeed::flush() {
  if (pending_.empty()) return;
  // shared_ptr: std::function wants to be copyable, and these are not cheap to copy.
  auto objects = std::make_shared<std::vector<detect::ClusterObject>>(std::exchange(pending_, {}));
  detection_.post([objects](DetectionEngine& engine, Time now) {
    for (const auto& object : *objects) engine.apply(object, now);
  });
}

void ObjectFeed::begin_list() {
  pending_.clear();
  detection_.post([kind = kind_](DetectionEngine& engine, Time) { engine.detector().inventory().begin_relist(kind); });
}

Result<void> ObjectFeed::apply(std::string_view object, bool initial) {
  auto decoded = detect::decode_object(kind_, object);
  if (!decoded) return std::unexpected(decoded.error());
  pending_.push_back(std::move(*decoded));
  if (!initial || pending_.size() >= kBatch) flush();
  return {};
}

Result<void> ObjectFeed::remove(std::string_view object) {
  const auto decoded = detect::decode_object(kind_, object);
  if (!decoded) return std::unexpected(decoded.error());
  flush();
  detection_.post(
      [kind = kind_, id = decoded->id()](DetectionEngine& engine, Time now) { engine.remove(kind, id, now); });
  return {};
}

void ObjectFeed::end_list() {
  flush();
  detection_.post([kind = kind_](DetectionEngine& engine, Time now) {
    engine.detector().inventory().end_relist(kind, now);
    if (kind == detect::ObjectKind::kPod) engine.detector().pods_relisted();
    engine.reconsider();
  });
}

}  // namespace remint::controllers
