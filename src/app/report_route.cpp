// GET /report of a running operator.

#include <nlohmann/json.hpp>

#include "remint/controllers/report.hpp"
#include "run_parts.hpp"

namespace remint::app {
namespace {

/// As the API server itself would say it: whoever asks through its proxy gets one kind of error.
http::Response refuse(int status, const std::string& message) {
  const nlohmann::ordered_json body{{"kind", "Status"},   {"apiVersion", "v1"},         {"status", "Failure"},
                                    {"message", message}, {"reason", "RemintNoReport"}, {"code", status}};
  http::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (status == 503) response.retry_after_seconds = 1;
  return response;
}

}  // namespace

http::Response RunParts::answer_report() const {
  if (!leads()) {
    const auto holder = elector_->holder();
    // Not 503: to ask this one again is of no use.
    return refuse(421, holder.empty() ? "this replica does not lead, and nobody does at present"
                                      : "this replica does not lead: " + holder + " does");
  }
  const auto report = detection_->report();
  if (!report) return refuse(503, "there is no report yet: the caches are not whole");
  return {200, "application/json", controllers::report_json(*report), {}, {}};
}

}  // namespace remint::app
