#include "event_json.hpp"

#include <nlohmann/json.hpp>

#include "remint/base/json.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/resources.hpp"

namespace remint::runtime {
namespace {

constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxWord = 128;  // reason, action, reportingInstance
constexpr const char* kController = "remint.dev/remint";

Json reference(const ObjectRef& object) {
  Json json{{"apiVersion", object.api_version}, {"kind", object.kind}, {"name", object.name}};
  if (!object.ns.empty()) json["namespace"] = object.ns;
  if (!object.uid.empty()) json["uid"] = object.uid;
  return json;
}

}  // namespace

std::string event_body(const EventSeries::Create& event, const std::string& instance) {
  const auto& note = event.note;
  Json json{{"apiVersion", kube::kEvents.api_version()},
            {"kind", "Event"},
            {"metadata", {{"namespace", event.event.ns}, {"name", event.event.name}}},
            {"eventTime", format_rfc3339_micro(event.at)},
            {"reportingController", kController},
            {"reportingInstance", sanitize(instance, kMaxWord)},
            {"type", note.warning ? "Warning" : "Normal"},
            {"reason", sanitize(note.reason, kMaxWord)},
            {"action", sanitize(note.action, kMaxWord)},
            {"regarding", reference(note.regarding)},
            {"note", sanitize(note.note, kMaxNote)}};
  if (!note.related_name.empty()) {
    const auto& kind = kube::kWorkloadRestarts;
    json["related"] = reference({.api_version = kind.api_version(),
                                 .kind = std::string(kind.kind),
                                 .ns = note.regarding.ns,
                                 .name = note.related_name,
                                 .uid = ""});
  }
  return dump_json(json);
}

std::string series_patch(const EventSeries::Update& update) {
  return dump_json({{"series", {{"count", update.count}, {"lastObservedTime", format_rfc3339_micro(update.last)}}}});
}

}  // namespace remint::runtime
