#pragma once
// Reading JSON objects with errors that name the path: "spec.limits.cooldown: must be a duration such as 30m, is 12".
// For small objects (API objects, policies, kubeconfig). Audit bodies and LISTs go through simdjson elsewhere.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/base/time.hpp"

namespace remint {

using Json = nlohmann::json;

/// Parses text of at most `max_bytes`, depth at most 64; never throws. Errors (kInvalid, kTooLarge) say line/column or
/// offset. The last one of duplicate keys wins, as in the API server.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::size_t max_bytes = 4U << 20U);
/// Serializes; invalid UTF-8 in strings is replaced, so this cannot fail.
[[nodiscard]] std::string dump_json(const Json& json);

/// One problem of one field. `path` is like "spec.signals.rejectedToken.count" or "spec.strategies.Pod[0].type".
struct FieldError {
  std::string path;
  std::string message;
  friend bool operator==(const FieldError&, const FieldError&) = default;
};
using FieldErrors = std::vector<FieldError>;
/// "a: x; b: y", for one-line messages.
[[nodiscard]] std::string join(const FieldErrors& errors);

/// A view of one value inside a document, knowing its path. Getters on absent values return the default; on wrong types
/// they add a FieldError and return the default, so that all errors of a document are found in one pass.
/// At most 100 errors are kept, each one once. The document and the error list must outlive the reader. Not
/// thread-safe.
class JsonReader {
 public:
  /// A null document is an absent one.
  JsonReader(const Json& document, FieldErrors& errors, std::string path = "");
  JsonReader(Json&& document, FieldErrors& errors, std::string path = "") = delete;

  [[nodiscard]] bool present() const { return value_ != nullptr; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The raw value; null JSON when absent.
  [[nodiscard]] const Json& json() const;

  /// A member of an object; an absent reader when missing or null. Wrong type (not an object) is reported once.
  [[nodiscard]] JsonReader at(std::string_view key) const;
  /// Elements of an array; empty when absent.
  [[nodiscard]] std::vector<JsonReader> items() const;
  /// Keys of an object, in order; empty when absent.
  [[nodiscard]] std::vector<std::string> keys() const;

  [[nodiscard]] std::string string(std::string_view default_value = "") const;
  [[nodiscard]] std::int64_t integer(std::int64_t default_value, std::int64_t min, std::int64_t max) const;
  [[nodiscard]] double number(double default_value, double min, double max) const;
  [[nodiscard]] bool boolean(bool default_value) const;
  [[nodiscard]] Duration duration(Duration default_value, Duration min, Duration max) const;
  [[nodiscard]] std::optional<Time> time() const;
  [[nodiscard]] std::vector<std::string> strings() const;
  /// Reports every key that is not in `known` as an unknown field.
  void only(std::initializer_list<std::string_view> known) const;
  /// Adds an error at this path.
  void error(std::string message) const;

 private:
  JsonReader(const Json* value, FieldErrors* errors, std::string path);
  const Json* value_;
  FieldErrors* errors_;
  std::string path_;
};

}  // namespace remint
