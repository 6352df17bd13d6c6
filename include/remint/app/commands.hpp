#pragma once
// The commands behind the options. Each returns the process's exit code; errors have been printed.

#include <iosfwd>

#include "remint/app/options.hpp"

namespace remint::app {

/// Until SIGTERM or SIGINT. Must be called before any thread exists.
[[nodiscard]] int run(const RunOptions& options);
/// Decisions go to `out`, problems to `err`.
[[nodiscard]] int replay(const ReplayOptions& options, std::ostream& out, std::ostream& err, bool colour);
/// Creates a WorkloadRestart and, if asked to, follows it to its end: kOk when it succeeded, kFailed when it did not or
/// when nobody finished it in time.
[[nodiscard]] int restart(const RestartOptions& options, std::ostream& out, std::ostream& err);
/// Why a workload was or was not restarted, from what is in the cluster.
[[nodiscard]] int explain(const ExplainOptions& options, std::ostream& out, std::ostream& err);
/// A person's word on a restart that waits for it.
[[nodiscard]] int answer(const AnswerOptions& options, std::ostream& out, std::ostream& err);
/// Takes a policy's storm brake off.
[[nodiscard]] int resume(const ResumeOptions& options, std::ostream& out, std::ostream& err);
/// Where it breaks next.
[[nodiscard]] int report(const ReportOptions& options, std::ostream& out, std::ostream& err);
[[nodiscard]] int version(const VersionOptions& options, std::ostream& out);

/// "0.1.0 (linux/amd64)": also the API client's user agent, after "remint/".
[[nodiscard]] std::string version_text();

}  // namespace remint::app
