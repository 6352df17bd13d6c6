#include "server_metrics.hpp"

namespace remint::http {

ServerMetrics::ServerMetrics(metrics::Registry& registry, const std::string& server) {
  const auto requests = [&](const std::string& code) {
    return &registry.counter("remint_http_requests_total", "HTTP requests answered, by status code.",
                             {{"server", server}, {"code", code}});
  };
  for (const int code : {200, 400, 401, 403, 404, 405, 408, 413, 415, 417, 429, 431, 500, 501, 503}) {
    by_code_[code] = requests(std::to_string(code));
  }
  other_codes_ = requests("other");

  constexpr std::array<const char*, kRejections> kReasons = {"connections",      "handshake",      "header_timeout",
                                                             "header_too_large", "malformed",      "body_timeout",
                                                             "body_too_large",   "bytes_in_flight"};
  for (std::size_t i = 0; i < kRejections; ++i) {
    rejected_.at(i) = &registry.counter("remint_http_rejected_total",
                                        "Connections and requests turned away before they reached a handler.",
                                        {{"server", server}, {"reason", kReasons.at(i)}});
  }
  connections_ = &registry.gauge("remint_http_connections", "Open connections.", {{"server", server}});
  received_ =
      &registry.counter("remint_http_received_bytes_total", "Bytes of request bodies received.", {{"server", server}});
  reloads_ = &registry.counter("remint_http_certificate_reloads_total",
                               "Changed certificate files that were taken into use.", {{"server", server}});
  reload_errors_ = &registry.counter("remint_http_certificate_reload_errors_total",
                                     "Changed certificate files that could not be used; the old ones stay in use.",
                                     {{"server", server}});
}

void ServerMetrics::answered(int status) {
  const auto found = by_code_.find(status);
  (found == by_code_.end() ? other_codes_ : found->second)->add();
}

}  // namespace remint::http
