#pragma once
// Structured logging: a constant message and key/value pairs, never a message with values formatted into it.
//   log::info("Restart begun", {{"case", id}, {"workload", name}});
// Values are sanitized (control characters escaped), so hostile input cannot forge a line.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "remint/base/result.hpp"

namespace remint::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class Format : std::uint8_t { kAuto, kText, kJson };  ///< kAuto: text on a terminal, JSON otherwise

/// One key/value pair. Numbers and booleans stay numbers and booleans in JSON (not-a-number and infinity become
/// strings). Keys are constants: lower camel case, not "time", "level" or "message", which every line has.
struct Field {
  Field(std::string_view k, std::string_view v) : key(k), text(v), quoted(true) {}
  Field(std::string_view k, const char* v) : key(k), text(v), quoted(true) {}
  Field(std::string_view k, const std::string& v) : key(k), text(v), quoted(true) {}
  Field(std::string_view k, bool v) : key(k), text(v ? "true" : "false") {}
  Field(std::string_view k, const Error& v) : key(k), text(v.message), quoted(true) {}
  template <class T>
    requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
  Field(std::string_view k, T v) : key(k), text(std::to_string(v)) {}
  std::string_view key;
  std::string text;
  bool quoted = false;
};
using Fields = std::initializer_list<Field>;

/// Called before any thread exists. Until then warnings and errors go to stderr as text. Output is stderr always
/// (stdout belongs to the commands' results).
void setup(Level level, Format format);
/// "debug", "info", "warn", "error".
[[nodiscard]] Result<Level> parse_level(std::string_view text);
[[nodiscard]] Result<Format> parse_format(std::string_view text);

/// All of these are thread-safe, and cheap when the level is off.
[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view m, Fields f = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, m, f);
}
inline void info(std::string_view m, Fields f = {}) { write(Level::kInfo, m, f); }
inline void warn(std::string_view m, Fields f = {}) { write(Level::kWarn, m, f); }
inline void error(std::string_view m, Fields f = {}) { write(Level::kError, m, f); }

}  // namespace remint::log
