// spdlog stamps the time and the level, colours the level on a terminal, and writes each line whole. Everything that
// can carry foreign bytes is made safe here before it gets there.
#include "remint/base/log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "remint/base/text.hpp"

namespace remint::log {
namespace {

// Long enough for an error with a URL and a cause, short enough that a hostile value cannot flood the log.
constexpr std::size_t kMaxValueBytes = 2048;

struct Output {
  std::shared_ptr<spdlog::logger> logger;
  Format format = Format::kText;
};

Output make_output(Level level, Format format);

Output& output() {
  static Output instance = make_output(Level::kWarn, Format::kText);
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

Output make_output(Level level, Format format) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("remint", std::move(sink));
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::debug);
  // "%v" is the rest of the line, from text_line() or json_line().
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      format == Format::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})"
                              : "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v",
      spdlog::pattern_time_type::utc));
  return {std::move(logger), format};
}

/// `safe` has no control characters any more, so these two are all that JSON and we escape.
void append_quoted(std::string& out, std::string_view safe) {
  out += '"';
  for (const char c : safe) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  out += '"';
}

bool needs_quotes(std::string_view safe) {
  return safe.empty() || safe.find_first_of(" \"=\\") != std::string_view::npos;
}

std::string text_line(std::string_view message, Fields fields) {
  std::string line = sanitize(message, kMaxValueBytes);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    const std::string safe = field.quoted ? sanitize(field.text, kMaxValueBytes) : field.text;
    if (needs_quotes(safe)) {
      append_quoted(line, safe);
    } else {
      line += safe;
    }
  }
  return line;
}

std::string json_line(std::string_view message, Fields fields) {
  std::string line = "\"message\":";
  append_quoted(line, sanitize(message, kMaxValueBytes));
  for (const Field& field : fields) {
    line += ',';
    append_quoted(line, sanitize(field.key, kMaxValueBytes));
    line += ':';
    // std::to_string prints infinity and not-a-number as words, which are no JSON.
    const bool bare = !field.quoted && (field.text == "true" || field.text == "false" ||
                                        field.text.find_first_not_of("-0123456789.") == std::string::npos);
    if (bare) {
      line += field.text;
    } else {
      append_quoted(line, sanitize(field.text, kMaxValueBytes));
    }
  }
  return line;
}

}  // namespace

void setup(Level level, Format format) {
  if (format == Format::kAuto) {
    format = ::isatty(STDERR_FILENO) == 1 ? Format::kText : Format::kJson;
  }
  output() = make_output(level, format);
}

Result<Level> parse_level(std::string_view text) {
  if (text == "debug") {
    return Level::kDebug;
  }
  if (text == "info") {
    return Level::kInfo;
  }
  if (text == "warn" || text == "warning") {
    return Level::kWarn;
  }
  if (text == "error") {
    return Level::kError;
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("unknown log level \"{}\"; use debug, info, warn or error", sanitize(text, 60)));
}

Result<Format> parse_format(std::string_view text) {
  if (text == "auto") {
    return Format::kAuto;
  }
  if (text == "text") {
    return Format::kText;
  }
  if (text == "json") {
    return Format::kJson;
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("unknown log format \"{}\"; use auto, text or json", sanitize(text, 60)));
}

bool enabled(Level level) { return output().logger->should_log(to_spdlog(level)); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) {
    return;
  }
  const Output& out = output();
  const std::string line = out.format == Format::kJson ? json_line(message, fields) : text_line(message, fields);
  // A string, not a format: braces in `line` mean nothing.
  out.logger->log(to_spdlog(level), spdlog::string_view_t(line));
}

}  // namespace remint::log
