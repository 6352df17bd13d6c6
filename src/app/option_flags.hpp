#pragma once
// Flags that several commands have. Included by the option parsers alone: it carries CLI11's types.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "remint/app/options.hpp"

namespace remint::app {

/// Turns CLI11's texts into values of ours, with its own way of reporting errors.
[[nodiscard]] CLI::Validator duration_into(Duration& target);
void add_log_flags(CLI::App& command, LogOptions& log);
/// --apiserver-log-utc-offset
void add_utc_offset_flag(CLI::App& command, Duration& offset);

/// The command `run` (options_run.cpp); `durations` keeps the flags' texts while they are parsed.
void add_run(CLI::App& app, RunOptions& o, std::vector<std::string>& durations);
/// The commands that people run (options_people.cpp).
void add_restart(CLI::App& app, RestartOptions& o, std::string& output, std::vector<std::string>& durations);
void add_explain(CLI::App& app, ExplainOptions& o, std::string& output);
void add_answer(CLI::App& app, AnswerOptions& o, std::string& output, bool approve);
void add_resume(CLI::App& app, ResumeOptions& o, std::string& output);
/// options_report.cpp; `texts` likewise.
void add_report(CLI::App& app, ReportOptions& o, std::vector<std::string>& texts);
/// What no single flag shows.
[[nodiscard]] Result<void> check(const RunOptions& o);
[[nodiscard]] Result<void> check(const ReportOptions& o);

}  // namespace remint::app
