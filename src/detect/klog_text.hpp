#pragma once
// Reading klog's text format: its header, Go's quoted strings, key="value" pairs.

#include <optional>
#include <string>
#include <string_view>

namespace remint::detect {

/// 'E1126 03:38:26.776766       1 authentication.go:75] message'. The file's name and line are not looked at: they
/// differ between versions.
struct KlogHeader {
  std::string_view time;     ///< "1126 03:38:26.776766"
  std::string_view message;  ///< all that follows "] "
};
[[nodiscard]] std::optional<KlogHeader> read_klog_header(std::string_view line);

/// Reads a Go string literal at the front of `rest`, which begins with its opening quote, and eats it. Nothing when it
/// does not end, or has an escape that Go never writes.
[[nodiscard]] std::optional<std::string> eat_go_string(std::string_view& rest);

/// Walks over `key="value" key2=value ...`. Each value once, in order.
class KeyValues {
 public:
  explicit KeyValues(std::string_view text) : rest_(text) {}
  /// False at the end, and at what is no pair any more.
  bool next();
  [[nodiscard]] std::string_view key() const { return key_; }
  /// Unquoted. Of a text that klog spread over several lines ("=<"): "<".
  [[nodiscard]] const std::string& value() const { return value_; }
  /// The end was a quoted value without its end.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::string_view rest_, key_;
  std::string value_;
  bool broken_ = false;
};

}  // namespace remint::detect
