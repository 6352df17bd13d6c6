#pragma once
// The report of a running operator.

#include "remint/app/options.hpp"
#include "remint/controllers/report.hpp"

namespace remint::app {

/// From options.url, or from the leader's pod through the API server's proxy. Errors say what to do.
[[nodiscard]] Result<controllers::Report> fetch_report(const ReportOptions& options);

}  // namespace remint::app
