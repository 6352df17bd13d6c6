#include "audit_event.hpp"

#include <utility>

#include "json_read.hpp"

namespace remint::detect {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kServiceAccountPrefix = "system:serviceaccount:";

/// A wrong type spoils one event; every other error means that the parser has lost the structure.
ReadStatus status_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS:
      return ReadStatus::kOk;
    case simdjson::INCORRECT_TYPE:
    case simdjson::NUMBER_ERROR:
    case simdjson::NUMBER_OUT_OF_RANGE:
      return ReadStatus::kInvalid;
    default:
      return ReadStatus::kBroken;
  }
}

ReadStatus read_string(ondemand::value value, std::string_view& out) {
  const std::string_view token = trimmed_token(value);
  if (unquote(token, out)) {
    return ReadStatus::kOk;
  }
  out = {};
  return token == "null" ? ReadStatus::kOk : ReadStatus::kInvalid;
}

/// Calls `read(raw_key, value)` for each field, until one does not answer kOk.
template <class Read>
ReadStatus each_field(ondemand::object object, Read&& read) {
  for (auto element : object) {
    ondemand::field field;
    if (const auto error = std::move(element).get(field)) {
      return status_of(error) == ReadStatus::kInvalid ? ReadStatus::kBroken : status_of(error);
    }
    if (const ReadStatus status = read(field.key().raw(), field.value()); status != ReadStatus::kOk) {
      return status;
    }
  }
  return ReadStatus::kOk;
}

template <class Read>
ReadStatus each_field_of(ondemand::value value, Read&& read) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) {
    const ReadStatus status = status_of(error);
    return status == ReadStatus::kInvalid && is_null(value) ? ReadStatus::kOk : status;
  }
  return each_field(object, read);
}

template <class Read>
ReadStatus each_string_of(ondemand::value value, Read&& read) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) {
    const ReadStatus status = status_of(error);
    return status == ReadStatus::kInvalid && is_null(value) ? ReadStatus::kOk : status;
  }
  for (auto element : array) {
    ondemand::value item;
    if (element.get(item)) {
      return ReadStatus::kBroken;
    }
    std::string_view text;
    if (const ReadStatus status = read_string(item, text); status != ReadStatus::kOk) {
      return status;
    }
    if (!read(text)) {
      break;
    }
  }
  return ReadStatus::kOk;
}

/// Values of user.extra are lists; ours have one element.
ReadStatus read_first(ondemand::value value, std::string_view& out) {
  out = {};
  return each_string_of(value, [&out](std::string_view text) {
    out = text;
    return false;
  });
}

ReadStatus read_extra(ondemand::value value, RawEvent& event) {
  return each_field_of(value, [&event](const char* key, ondemand::value field) {
    if (is(key, "authentication.kubernetes.io/pod-uid")) {
      return read_first(field, event.pod_uid);
    }
    if (is(key, "authentication.kubernetes.io/pod-name")) {
      return read_first(field, event.pod_name);
    }
    if (is(key, "authentication.kubernetes.io/credential-id")) {
      return read_first(field, event.credential_id);
    }
    return ReadStatus::kOk;
  });
}

ReadStatus read_user(ondemand::value value, RawEvent& event) {
  event.user_name = event.pod_uid = event.pod_name = event.credential_id = {};
  const ReadStatus status = each_field_of(value, [&event](const char* key, ondemand::value field) {
    if (is(key, "username")) {
      return read_string(field, event.user_name);
    }
    return is(key, "extra") ? read_extra(field, event) : ReadStatus::kOk;
  });
  if (status != ReadStatus::kOk) {
    return status;
  }
  // Nobody, or a ServiceAccount whose pod is known: the others say nothing about any pod's token.
  const bool pod_known = event.user_name.starts_with(kServiceAccountPrefix) && !event.pod_uid.empty();
  return event.user_name.empty() || pod_known ? ReadStatus::kOk : ReadStatus::kIgnored;
}

ReadStatus read_stage(ondemand::value value, RawEvent& event) {
  if (const ReadStatus status = read_string(value, event.stage); status != ReadStatus::kOk) {
    return status;
  }
  // A failed authentication is told at ResponseStarted, and nowhere else; RequestReceived has no answer yet.
  return event.stage == "ResponseStarted" || event.stage == "ResponseComplete" ? ReadStatus::kOk : ReadStatus::kIgnored;
}

ReadStatus read_response(ondemand::value value, RawEvent& event) {
  event.code = 0;
  return each_field_of(value, [&event](const char* key, ondemand::value field) {
    if (!is(key, "code") || is_null(field)) {
      return ReadStatus::kOk;
    }
    return status_of(field.get_int64().get(event.code));
  });
}

ReadStatus read_object_ref(ondemand::value value, RawEvent& event) {
  event.resource = event.ns = event.object_name = {};
  return each_field_of(value, [&event](const char* key, ondemand::value field) {
    if (is(key, "resource")) {
      return read_string(field, event.resource);
    }
    if (is(key, "name")) {
      return read_string(field, event.object_name);
    }
    return is(key, "namespace") ? read_string(field, event.ns) : ReadStatus::kOk;
  });
}

ReadStatus read_annotations(ondemand::value value, RawEvent& event) {
  event.has_stale = false;
  return each_field_of(value, [&event](const char* key, ondemand::value field) {
    if (!is(key, "authentication.k8s.io/stale-token")) {
      return ReadStatus::kOk;
    }
    event.has_stale = true;
    return read_string(field, event.stale);
  });
}

ReadStatus read_source(ondemand::value value, RawEvent& event) {
  event.source = {};
  return each_string_of(value, [&event](std::string_view text) {
    event.source = text;  // the last one stays: all others come from headers that the client writes
    return true;
  });
}

ReadStatus read_field(const char* key, ondemand::value value, RawEvent& event) {
  switch (key[0]) {
    case 'a':
      if (is(key, "auditID")) {
        return read_string(value, event.audit_id);
      }
      return is(key, "annotations") ? read_annotations(value, event) : ReadStatus::kOk;
    case 'k':
      // The API server writes no such member: a log collector merged what some program printed into its own record.
      return is(key, "kubernetes") ? ReadStatus::kInvalid : ReadStatus::kOk;
    case 'o':
      return is(key, "objectRef") ? read_object_ref(value, event) : ReadStatus::kOk;
    case 'r':
      if (is(key, "requestURI")) {
        return read_string(value, event.uri);
      }
      if (is(key, "responseStatus")) {
        return read_response(value, event);
      }
      return is(key, "requestReceivedTimestamp") ? read_string(value, event.received) : ReadStatus::kOk;
    case 's':
      if (is(key, "stage")) {
        return read_stage(value, event);
      }
      if (is(key, "sourceIPs")) {
        return read_source(value, event);
      }
      return is(key, "stageTimestamp") ? read_string(value, event.staged) : ReadStatus::kOk;
    case 'u':
      if (is(key, "user")) {
        return read_user(value, event);
      }
      return is(key, "userAgent") ? read_string(value, event.user_agent) : ReadStatus::kOk;
    case 'v':
      return is(key, "verb") ? read_string(value, event.verb) : ReadStatus::kOk;
    default:
      return ReadStatus::kOk;
  }
}

}  // namespace

ReadStatus read_event(ondemand::object object, RawEvent& event) {
  const ReadStatus status =
      each_field(object, [&event](const char* key, ondemand::value value) { return read_field(key, value, event); });
  if (status != ReadStatus::kOk) {
    return status;
  }
  if (event.audit_id.empty() || event.stage.empty() || event.received.empty()) {
    return ReadStatus::kInvalid;
  }
  // One without the other is somebody else's business: anonymous requests, and authenticated ones that a webhook
  // refused.
  const bool anonymous = event.user_name.empty();
  return anonymous == (event.code == 401) ? ReadStatus::kOk : ReadStatus::kIgnored;
}

}  // namespace remint::detect
