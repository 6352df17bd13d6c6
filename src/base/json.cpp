#include "remint/base/json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "remint/base/text.hpp"

namespace remint {
namespace {

constexpr std::size_t kMaxDepth = 64;

/// The offset of the bracket that nests too deeply. A scan of its own, because the parser has no limit and what it
/// builds is walked recursively by everybody after it.
std::optional<std::size_t> too_deep_at(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) {
        return i;
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("JSON of {} bytes is larger than the {} bytes allowed", text.size(), max_bytes));
  }
  // The parser takes NUL for the end of its input and would accept anything behind it.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, fmt::format("not valid JSON: a NUL character at byte {}", nul));
  }
  if (const auto offset = too_deep_at(text)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("JSON is nested more than {} levels deep at byte {}", kMaxDepth, *offset));
  }
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ...": the name in brackets helps nobody.
    std::string_view what = error.what();
    if (const auto bracket = what.find("] "); what.starts_with('[') && bracket != std::string_view::npos) {
      what.remove_prefix(bracket + 2);
    }
    return fail(ErrorCode::kInvalid, "not valid JSON: " + sanitize(what, 300));
  }
}

std::string dump_json(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string join(const FieldErrors& errors) {
  std::string text;
  for (const FieldError& error : errors) {
    if (!text.empty()) {
      text += "; ";
    }
    text += error.path.empty() ? error.message : fmt::format("{}: {}", error.path, error.message);
  }
  return text;
}

}  // namespace remint
