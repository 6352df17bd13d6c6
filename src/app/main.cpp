#include <unistd.h>

#include <iostream>

#include "remint/app/commands.hpp"
#include "remint/app/options.hpp"

int main(int argc, char** argv) {
  using namespace remint::app;
  const auto options = parse_options(argc, argv);
  if (!options) {
    std::cout << options.error().out;
    std::cerr << options.error().err;
    return options.error().code;
  }
  if (const auto* run_options = std::get_if<RunOptions>(&*options)) return run(*run_options);
  if (const auto* replay_options = std::get_if<ReplayOptions>(&*options)) {
    return replay(*replay_options, std::cout, std::cerr, ::isatty(STDOUT_FILENO) == 1);
  }
  if (const auto* restart_options = std::get_if<RestartOptions>(&*options)) {
    return restart(*restart_options, std::cout, std::cerr);
  }
  if (const auto* explain_options = std::get_if<ExplainOptions>(&*options)) {
    return explain(*explain_options, std::cout, std::cerr);
  }
  if (const auto* answer_options = std::get_if<AnswerOptions>(&*options)) {
    return answer(*answer_options, std::cout, std::cerr);
  }
  if (const auto* resume_options = std::get_if<ResumeOptions>(&*options)) {
    return resume(*resume_options, std::cout, std::cerr);
  }
  if (const auto* report_options = std::get_if<ReportOptions>(&*options)) {
    return report(*report_options, std::cout, std::cerr);
  }
  return version(std::get<VersionOptions>(*options), std::cout);
}
