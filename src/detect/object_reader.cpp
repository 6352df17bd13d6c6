#include "object_reader.hpp"

#include <fmt/format.h>

#include <bit>

#include "json_text.hpp"
#include "padded_buffer.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kObjectCap = 4U << 20U;
constexpr std::size_t kTextCap = 64U << 10U;

/// Decoders are free functions that any thread may call; the parser's memory is what makes them fast.
struct Scratch {
  ondemand::parser parser;
  PaddedBuffer buffer;
};
Scratch& scratch() {
  static thread_local Scratch one;
  return one;
}

}  // namespace

bool ObjectReader::fail(std::string_view path, std::string_view problem) {
  error_ = Error{ErrorCode::kInvalid, fmt::format("{}: {}: {}", what_, path, problem), 0};
  return false;
}

bool ObjectReader::broken(std::string_view path) { return fail(path, "is not valid JSON"); }

bool ObjectReader::opened(simdjson::error_code error, std::string_view path, std::string_view expected) {
  if (error == simdjson::INCORRECT_TYPE) {
    return fail(path, fmt::format("must be {}", expected));
  }
  return error == simdjson::SUCCESS || broken(path);
}

bool ObjectReader::parse(std::string_view json, ondemand::document& document) {
  if (json.size() > kObjectCap) {
    error_ = Error{ErrorCode::kTooLarge,
                   fmt::format("{}: the object has {} bytes, at most {} are read", what_, json.size(), kObjectCap), 0};
    return false;
  }
  Scratch& s = scratch();
  if (s.parser.capacity() < json.size() && s.parser.allocate(std::bit_ceil(json.size()))) {
    return fail("the object", "no memory to parse it");
  }
  if (const auto error = s.parser.iterate(s.buffer.fill(json)).get(document)) {
    return fail("the object", fmt::format("is not valid JSON: {}", simdjson::error_message(error)));
  }
  return true;
}

bool ObjectReader::text(Value value, std::string_view path, std::string& out) {
  out.clear();
  const std::string_view token = trimmed_token(value);
  std::string_view raw;
  if (unquote(token, raw) && append_unescaped(out, raw, kTextCap)) {
    return true;
  }
  return token == "null" || fail(path, "must be a string");
}

bool ObjectReader::flag(Value value, std::string_view path, bool& out) {
  const std::string_view token = trimmed_token(value);
  out = token == "true";
  return out || token == "false" || token == "null" || fail(path, "must be true or false");
}

bool ObjectReader::number(Value value, std::string_view path, std::int64_t& out) {
  if (is_null(value)) {
    return true;
  }
  return value.get_int64().get(out) == simdjson::SUCCESS || fail(path, "must be a whole number");
}

bool ObjectReader::time(Value value, std::string_view path, std::optional<Time>& out) {
  // As it stands: a time needs no escapes, and text that has some is none.
  std::string_view spelled;
  const std::string_view token = trimmed_token(value);
  if (!unquote(token, spelled)) {
    out.reset();
    return token == "null" || fail(path, "must be a string");
  }
  out = spelled.empty() ? std::nullopt : parse_rfc3339(spelled);
  return out || spelled.empty() ||
         fail(path, fmt::format("must be a time as RFC 3339 writes it, is \"{}\"", sanitize(spelled, 40)));
}

bool ObjectReader::labels(Value value, std::string_view path, Labels& out) {
  if (is_null(value)) {
    return true;
  }
  ondemand::object object;
  if (!opened(value.get_object().get(object), path, "an object")) {
    return false;
  }
  for (auto element : object) {
    ondemand::field field;
    if (std::move(element).get(field)) {
      return broken(path);
    }
    std::string_view key;
    if (field.unescaped_key().get(key)) {
      return broken(path);
    }
    if (!text(field.value(), path, out[std::string(key)])) {
      return false;
    }
  }
  return true;
}

bool ObjectReader::own_annotation(const char* key, Value value, Labels& out) {
  constexpr std::string_view kPrefix = "remint.dev/";
  // Whatever the key is, so many bytes can be read: its text or the padding.
  if (std::string_view(key, kPrefix.size()) != kPrefix) {
    return true;
  }
  const std::string_view rest(key);
  const std::size_t end = rest.find('"');
  return text(value, "metadata.annotations", out[std::string(rest.substr(0, end))]);
}

bool ObjectReader::condition(Value value, std::string_view type, std::string_view state, bool& out) {
  constexpr std::string_view kPath = "status.conditions";
  return items(value, kPath, [&](Value item) {
    bool same_type = false;
    bool same_state = false;
    const bool fine = fields(item, kPath, [&](const char* key, Value field) {
      if (is(key, "type")) {
        same_type = trimmed_token(field) == type;
      } else if (is(key, "status")) {
        same_state = trimmed_token(field) == state;
      }
      return true;
    });
    out = out || (same_type && same_state);
    return fine;
  });
}

bool ObjectReader::controller(Value value, OwnerRef& out) {
  constexpr std::string_view kPath = "metadata.ownerReferences";
  return items(value, kPath, [&](Value item) {
    OwnerRef owner;
    bool controls = false;
    const bool fine = fields(item, kPath, [&](const char* key, Value field) {
      if (is(key, "apiVersion")) {
        return text(field, "metadata.ownerReferences.apiVersion", owner.api_version);
      }
      if (is(key, "kind")) {
        return text(field, "metadata.ownerReferences.kind", owner.kind);
      }
      if (is(key, "name")) {
        return text(field, "metadata.ownerReferences.name", owner.name);
      }
      if (is(key, "uid")) {
        return text(field, "metadata.ownerReferences.uid", owner.uid);
      }
      return !is(key, "controller") || flag(field, "metadata.ownerReferences.controller", controls);
    });
    if (fine && controls) {
      out = std::move(owner);
    }
    return fine;
  });
}

}  // namespace remint::detect
