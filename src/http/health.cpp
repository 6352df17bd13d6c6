#include "remint/http/health.hpp"

#include <utility>

#include "remint/base/log.hpp"

namespace remint::http {

void Health::add(std::string name, Check check) {
  const std::lock_guard lock(mutex_);
  checks_.push_back({std::move(name), std::move(check), {}});
}

Response Health::answer(const Request& request) const {
  const bool verbose =
      request.query == "verbose" || request.query.starts_with("verbose=") || request.query.starts_with("verbose&");
  std::string failed;
  std::string listed;
  const std::lock_guard lock(mutex_);
  for (auto& [name, check, logged] : checks_) {
    const auto result = check();
    if (result) {
      if (!logged.empty()) log::info("Health check passes again", {{"check", name}, {"path", request.path}});
      logged.clear();
      listed += "[+]" + name + " ok\n";
      continue;
    }
    if (logged != result.error().message) {
      log::warn("Health check fails", {{"check", name}, {"path", request.path}, {"error", result.error()}});
      logged = result.error().message;
    }
    const auto line = "[-]" + name + " failed: reason withheld\n";
    failed += line;
    listed += line;
  }
  if (failed.empty()) return {.status = 200, .body = verbose ? listed + "ok\n" : "ok"};
  return {.status = 503, .body = verbose ? listed : failed};
}

}  // namespace remint::http
