#include "remint/detect/kubernetes_event.hpp"

#include <algorithm>
#include <optional>

#include "object_reader.hpp"

namespace remint::detect {
namespace {

using Value = ObjectReader::Value;

bool capped(ObjectReader& reader, Value value, std::string_view path, std::string& out) {
  if (!reader.text(value, path, out)) return false;
  out.resize(std::min(out.size(), KubernetesEvent::kMaxNote));
  return true;
}

}  // namespace

Result<KubernetesEvent> decode_kubernetes_event(std::string_view json) {
  ObjectReader reader("Event");
  KubernetesEvent event;
  // Who writes Events by the older API leaves eventTime empty, and counts in the deprecated fields.
  std::optional<Time> last_seen, last_told, happened, created;
  const bool fine = reader.read(json, [&](const char* key, Value value) {
    if (is(key, "reason")) return capped(reader, value, "reason", event.reason);
    if (is(key, "note")) return capped(reader, value, "note", event.note);
    if (is(key, "eventTime")) return reader.time(value, "eventTime", happened);
    if (is(key, "deprecatedLastTimestamp")) return reader.time(value, "deprecatedLastTimestamp", last_told);
    if (is(key, "metadata")) {
      return reader.fields(value, "metadata", [&](const char* k, Value v) {
        return !is(k, "creationTimestamp") || reader.time(v, "metadata.creationTimestamp", created);
      });
    }
    if (is(key, "series")) {
      return reader.fields(value, "series", [&](const char* k, Value v) {
        return !is(k, "lastObservedTime") || reader.time(v, "series.lastObservedTime", last_seen);
      });
    }
    return !is(key, "regarding") || reader.fields(value, "regarding", [&](const char* k, Value v) {
      if (is(k, "kind")) return capped(reader, v, "regarding.kind", event.kind);
      if (is(k, "namespace")) return capped(reader, v, "regarding.namespace", event.ns);
      return !is(k, "uid") || capped(reader, v, "regarding.uid", event.uid);
    });
  });
  if (!fine) return std::unexpected(reader.error());
  event.time = std::max({last_seen.value_or(Time{}), last_told.value_or(Time{}), happened.value_or(Time{})});
  if (event.time == Time{}) event.time = created.value_or(Time{});
  return event;
}

}  // namespace remint::detect
