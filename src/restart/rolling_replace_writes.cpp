// RollingReplace's writes. Each is taken only if nothing has changed since the look that it was decided on.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "rolling_replace.hpp"

namespace remint::restart::rolling {
namespace {

ObjectKey key_of(const View& view, const std::string& name) { return {view.journal.key.ns, name}; }

}  // namespace

Effect change(const View& view, const Seen& seen, const std::string& name, Json metadata, Json spec) {
  Json body;
  body["metadata"] = std::move(metadata);
  body["metadata"]["uid"] = seen.state->uid;
  body["metadata"]["resourceVersion"] = seen.state->resource_version;
  if (!spec.empty()) {
    body["spec"] = std::move(spec);
  }
  return and_tell(Patch{view.journal.spec.target.kind, key_of(view, name), Patch::Type::kMerge, dump_json(body), ""});
}

Effect resize(const View& view, const Seen& seen, const std::string& name, std::int64_t replicas) {
  Json metadata;
  metadata["annotations"] = {{kExpected, std::to_string(replicas)}, {kMovedAt, format_rfc3339_micro(view.now)}};
  // Not through the scale subresource: it takes no annotations, and size and note must change together.
  return change(view, seen, name, std::move(metadata), {{"replicas", replicas}});
}

Effect claim(const View& view, const Seen& old, const std::string& value, std::int64_t replicas) {
  Json metadata;
  metadata["annotations"] = {
      {kClaim, value}, {kExpected, std::to_string(replicas)}, {kMovedAt, format_rfc3339_micro(view.now)}};
  return change(view, old, view.journal.spec.target.name, std::move(metadata), {{"replicas", replicas}});
}

Effect create(const View& view, const Json& object, bool dry_run) {
  return and_tell(Create{view.journal.spec.target.kind, view.journal.key.ns, dump_json(object), dry_run});
}

Effect remove(const View& view, const Seen& seen, const std::string& name, const char* propagation) {
  return and_tell(Delete{view.journal.spec.target.kind, key_of(view, name), seen.state->uid, propagation,
                         seen.state->resource_version});
}

Step trying(const View& view, Effect effect) {
  Step step = stay(view);
  step.effects.push_back(std::move(effect));
  return step;
}

}  // namespace remint::restart::rolling
