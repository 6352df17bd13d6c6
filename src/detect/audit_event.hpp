#pragma once
// One audit event, read in one pass over its fields in whatever order they come. Included by audit.cpp alone: it
// carries simdjson's types, and inlining into the decoder's loop is where the speed comes from.

#include <simdjson.h>

#include <cstdint>
#include <string_view>

namespace remint::detect {

enum class ReadStatus : std::uint8_t {
  kOk,       ///< go on
  kIgnored,  ///< an audit event that nobody needs
  kInvalid,  ///< not an audit event; the JSON around it may be fine
  kBroken,   ///< the JSON itself breaks here
};

/// The fields that matter, raw: what stands between the quotes, still escaped. Views into the parser's buffer.
struct RawEvent {
  std::string_view audit_id, stage, verb, uri, user_agent, received, staged;
  std::string_view user_name, pod_uid, pod_name, credential_id;
  std::string_view resource, ns, object_name;
  std::string_view source;  ///< last of sourceIPs
  std::string_view stale;   ///< value of the stale-token annotation
  std::int64_t code = 0;
  bool has_stale = false;
};

/// kOk: a rejected or an accepted event as AuditKind describes them. Leaves early as soon as the event cannot matter.
ReadStatus read_event(simdjson::ondemand::object object, RawEvent& event);

}  // namespace remint::detect
