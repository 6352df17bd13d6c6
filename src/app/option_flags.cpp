#include "option_flags.hpp"

namespace remint::app {
namespace {

/// A duration with a sign, such as +2h or -3h30m: what a clock shows when it is noon in UTC.
Result<Duration> parse_utc_offset(std::string_view text) {
  constexpr Duration kWidest = std::chrono::hours(15);  // zones reach from -12h to +14h
  const bool west = text.starts_with('-');
  const auto offset = parse_duration(west || text.starts_with('+') ? text.substr(1) : text);
  if (!offset) return std::unexpected(offset.error());
  if (*offset > kWidest) {
    return fail(ErrorCode::kInvalid, "must lie between -15h and +15h, is " + std::string(text));
  }
  return west ? -*offset : *offset;
}

}  // namespace

CLI::Validator duration_into(Duration& target) {
  return CLI::Validator(
      [&target](std::string& text) -> std::string {
        const auto parsed = parse_duration(text);
        if (!parsed) return parsed.error().message;
        target = *parsed;
        return {};
      },
      "DURATION");
}

void add_log_flags(CLI::App& command, LogOptions& log) {
  command.add_option_function<std::string>(
      "--log-level",
      [&log](const std::string& text) {
        const auto level = log::parse_level(text);
        if (!level) throw CLI::ValidationError("--log-level", level.error().message);
        log.level = *level;
      },
      "debug, info, warn or error (default: info)");
  command.add_option_function<std::string>(
      "--log-format",
      [&log](const std::string& text) {
        const auto format = log::parse_format(text);
        if (!format) throw CLI::ValidationError("--log-format", format.error().message);
        log.format = *format;
      },
      "text, json or auto: text on a terminal, JSON otherwise (default: auto)");
}

void add_utc_offset_flag(CLI::App& command, Duration& offset) {
  command
      .add_option_function<std::string>(
          "--apiserver-log-utc-offset",
          [&offset](const std::string& text) {
            const auto parsed = parse_utc_offset(text);
            if (!parsed) throw CLI::ValidationError("--apiserver-log-utc-offset", parsed.error().message);
            offset = *parsed;
          },
          "Local time of the API servers minus UTC, such as +2h or -5h30m: their text logs name no zone (default: 0)")
      ->type_name("DURATION");
}

}  // namespace remint::app
