#pragma once
// Reading one cluster object: typed getters that remember the first field that was wrong, and say so by its path.
// Included by the object decoders alone.

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "json_read.hpp"
#include "remint/base/result.hpp"
#include "remint/base/time.hpp"
#include "remint/detect/objects.hpp"

namespace remint::detect {

/// Getters return false when reading must stop; error() says why. null counts as absent.
class ObjectReader {
 public:
  using Value = simdjson::ondemand::value;

  explicit ObjectReader(std::string_view what) : what_(what) {}

  /// Calls `read(raw_key, value)` for each field of the object that `json` is.
  template <class Read>
  bool read(std::string_view json, Read&& read_field) {
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (!parse(json, document) || !opened(document.get_object().get(object), "the object", "an object")) {
      return false;
    }
    return each_field(object, "the object", read_field);
  }
  template <class Read>
  bool fields(Value value, std::string_view path, Read&& read_field) {
    simdjson::ondemand::object object;
    if (is_null(value)) {
      return true;
    }
    return opened(value.get_object().get(object), path, "an object") && each_field(object, path, read_field);
  }
  template <class Read>
  bool items(Value value, std::string_view path, Read&& read_item) {
    simdjson::ondemand::array array;
    if (is_null(value)) {
      return true;
    }
    if (!opened(value.get_array().get(array), path, "a list")) {
      return false;
    }
    for (auto element : array) {
      Value item;
      if (element.get(item)) {
        return broken(path);
      }
      if (!read_item(item)) {
        return false;
      }
    }
    return true;
  }
  /// Every field, keys included.
  bool labels(Value value, std::string_view path, Labels& out);
  /// An annotation, kept when it is one of Remint's own.
  bool own_annotation(const char* key, Value value, Labels& out);
  bool text(Value value, std::string_view path, std::string& out);
  bool flag(Value value, std::string_view path, bool& out);
  bool number(Value value, std::string_view path, std::int64_t& out);
  bool time(Value value, std::string_view path, std::optional<Time>& out);
  /// Whether one of the conditions that `value` lists is `type`, with that state. Both are JSON, quotes included.
  bool condition(Value value, std::string_view type, std::string_view state, bool& out);
  /// The reference that says controller: true.
  bool controller(Value value, OwnerRef& out);

  bool fail(std::string_view path, std::string_view problem);
  [[nodiscard]] Error error() const { return error_; }

 private:
  template <class Read>
  bool each_field(simdjson::ondemand::object object, std::string_view path, Read&& read_field) {
    for (auto element : object) {
      simdjson::ondemand::field field;
      if (std::move(element).get(field)) {
        return broken(path);
      }
      if (!read_field(field.key().raw(), field.value())) {
        return false;
      }
    }
    return true;
  }
  bool parse(std::string_view json, simdjson::ondemand::document& document);
  bool opened(simdjson::error_code error, std::string_view path, std::string_view expected);
  bool broken(std::string_view path);

  std::string_view what_;
  Error error_;
};

}  // namespace remint::detect
