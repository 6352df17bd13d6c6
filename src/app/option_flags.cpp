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

/// A flag whose text `parse` turns into a value of ours; its errors name the flag.
template <class T, class Parse>
CLI::Option* add_parsed(CLI::App& command, const std::string& name, T& target, Parse parse, const std::string& help) {
  return command.add_option_function<std::string>(
      name,
      [&target, name, parse](const std::string& text) {
        const auto parsed = parse(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
        target = *parsed;
      },
      help);
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
  add_parsed(command, "--log-level", log.level, log::parse_level, "debug, info, warn or error (default: info)");
  add_parsed(command, "--log-format", log.format, log::parse_format,
             "text, json or auto: text on a terminal, JSON otherwise (default: auto)");
}

void add_utc_offset_flag(CLI::App& command, Duration& offset) {
  add_parsed(
      command, "--apiserver-log-utc-offset", offset, parse_utc_offset,
      "Local time of the API servers minus UTC, such as +2h or -5h30m: their text logs name no zone (default: 0)")
      ->type_name("DURATION");
}

}  // namespace remint::app
