// The two ports: metrics and health for everybody, audit events from the API server alone.

#include "build_info.hpp"
#include "remint/base/ip.hpp"
#include "run_parts.hpp"

namespace remint::app {
namespace {

bool is_loopback(const std::string& listen) {
  const auto colon = listen.rfind(':');
  auto host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  return host == "localhost" || (address && address->is_loopback());
}

}  // namespace

Result<void> RunParts::start_ops_server() {
  metrics_.gauge("remint_build_info", "Which build this is: always 1.", {{"version", kVersion}, {"commit", kCommit}})
      .set(1);
  http::Settings settings;
  settings.name = "ops";
  settings.listen = options_.listen;
  settings.limits.body_bytes = 64U << 10U;
  auto server = http::Server::start(
      settings,
      {{"GET",
        "/metrics",
        [this](const http::Request&) {
          process_.refresh();
          return http::Response{200, metrics::kContentType, metrics_.expose(), {}};
        },
        {}},
       {"GET", "/report", [this](const http::Request&) { return answer_report(); }, {}},
       {"GET", "/healthz", [this](const http::Request& request) { return healthz_.answer(request); }, {}},
       {"GET", "/readyz", [this](const http::Request& request) { return readyz_.answer(request); }, {}}},
      metrics_);
  if (!server) return fail_in(server.error(), "--listen");
  ops_server_ = std::move(*server);
  return {};
}

/// Where a Service chooses the leader by its label, a connection may outlive the choice: events that a follower took
/// would be lost. The API server sends them again, on a new connection, to the leader.
std::optional<http::Response> RunParts::admit_to_leader() const {
  if (label_ && !leads()) {
    return http::Response{503, "text/plain; charset=utf-8", "this replica does not lead: send it again\n", 1, {}};
  }
  return std::nullopt;
}

Result<void> RunParts::create_intakes() {
  sources::AuditWebhookSettings webhook;
  webhook.demand_client_certificate = !options_.audit_client_ca.empty();
  webhook.client_names = options_.audit_client_names;
  webhook.token_file = options_.audit_token_file;
  webhook.no_authentication = options_.audit_insecure_http;
  auto logs = sources::ApiServerLogIntake::create(
      {.senders = webhook,
       .utc_offset = options_.apiserver_log_utc_offset,
       .first_stream = static_cast<std::uint32_t>(logs_.size())},
      [this](std::uint32_t stream, std::vector<detect::ApiServerLine>&& lines) {
        return detection_->try_post(
            [stream, lines = std::move(lines)](auto& e, Time now) { e.observe(stream, lines, now); });
      },
      metrics_, system_clock());
  if (!logs) return std::unexpected(logs.error());
  log_intake_ = std::move(*logs);
  webhook.log_lines = [this](std::string_view stream, std::string_view lines) {
    return log_intake_->take(stream, lines);
  };
  auto created = sources::AuditWebhook::create(webhook, batches_, metrics_, system_clock());
  if (!created) return std::unexpected(created.error());
  webhook_ = std::move(*created);
  if (!options_.pod_log_token_file.empty()) {
    // A certificate that may post audit events may post lines as well: it is the greater right.
    webhook.token_file = options_.pod_log_token_file;
    webhook.token_of = "pod log";
  }
  return create_pod_log_intake(webhook);
}

Result<void> RunParts::start_audit_server() {
  if (options_.audit_insecure_http && !is_loopback(options_.audit_listen)) {
    return fail(ErrorCode::kRefused, "--audit-insecure-http: " + options_.audit_listen + " is not a loopback address");
  }
  if (auto created = create_intakes(); !created) return created;

  http::Settings settings;
  settings.name = "audit";
  settings.listen = options_.audit_listen;
  if (!options_.audit_insecure_http) {
    const bool any_token = !options_.audit_token_file.empty() || !options_.pod_log_token_file.empty();
    settings.tls =
        http::TlsFiles{options_.audit_tls_cert, options_.audit_tls_key, options_.audit_client_ca, !any_token};
  }
  const auto route = [this](const char* path, auto& intake, bool aside = false) {
    return http::Route{"POST", path, [&intake](const http::Request& request) { return intake.handle(request); },
                       [this, &intake](const http::Request& request) {
                         auto refused = admit_to_leader();
                         return refused ? std::move(refused) : intake.admit(request);
                       },
                       aside};
  };
  // What pods' logs are searched for is for tenants to say, and may be dear: no audit event waits for it.
  auto pod_log = route("/pod-log", *pod_log_intake_, true);
  pod_log.handler = [this, handle = pod_log.handler](const http::Request& request) {
    auto response = handle(request);
    // For the report. Nothing is lost when it finds no room: the next post says the same.
    if (response.status < 300) detection_->try_post([](auto& e, Time now) { e.pod_log_posted(now); });
    return response;
  };
  auto server = http::Server::start(
      settings, {route("/audit", *webhook_), route("/apiserver-log", *log_intake_), std::move(pod_log)}, metrics_);
  if (!server) return fail_in(server.error(), "--audit-listen");
  audit_server_ = std::move(*server);
  return {};
}

}  // namespace remint::app
