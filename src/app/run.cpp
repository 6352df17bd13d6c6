#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "remint/app/commands.hpp"
#include "run_parts.hpp"

namespace remint::app {
namespace {

std::string from_environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string default_identity() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "remint-" + std::to_string(::getpid());
  return std::string(host.data()) + "-" + std::to_string(::getpid());
}

/// Blocks the signals that end the process; threads made afterwards inherit that, so only wait_for_signal() sees them.
sigset_t block_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that goes away in the middle of an answer is its problem, not the death of the process.
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void end_without_lease() {
  log::error("The lease is lost: ending at once, another replica may act now");
  // No clean-up on purpose: destructors would wait for work that must not go on.
  std::_Exit(kLostLease);
}

}  // namespace

int run(const RunOptions& given) {
  RunOptions options = given;
  log::setup(options.log.level, options.log.format);
  const sigset_t signals = block_signals();
  kube::prepare_process();
  if (options.own_namespace.empty()) options.own_namespace = from_environment("POD_NAMESPACE", "remint-system");
  options.own_pod = from_environment("POD_NAME", "");
  if (options.identity.empty()) options.identity = options.own_pod.empty() ? default_identity() : options.own_pod;

  std::ranges::sort(options.watch_namespaces);
  const auto [again, end] = std::ranges::unique(options.watch_namespaces);
  options.watch_namespaces.erase(again, end);

  const auto config = kube::load_config(options.kube);
  if (!config) {
    std::cerr << "remint run: " << config.error().message << '\n';
    return kUsage;
  }
  auto transport = kube::make_transport(*config, {"remint/" + version_text()});
  if (!transport) {
    std::cerr << "remint run: " << transport.error().message << '\n';
    return kUsage;
  }
  log::info("Starting", {{"version", version_text()},
                         {"apiServer", config->server},
                         {"credentials", config->origin},
                         {"identity", options.identity},
                         {"namespace", options.own_namespace}});

  RunParts parts(options, *transport, end_without_lease);
  runtime::Manager manager;
  parts.add_to(manager);
  if (const auto started = manager.start(); !started) {
    std::cerr << "remint run: " << started.error().message << '\n';
    return kFailed;
  }
  log::info("Listening", {{"audit", parts.audit_port()}, {"metricsAndHealth", parts.ops_port()}});

  int signal = 0;
  ::sigwait(&signals, &signal);
  log::info("Stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  manager.stop(std::chrono::duration_cast<std::chrono::milliseconds>(options.grace));
  log::info("Stopped");
  return kOk;
}

}  // namespace remint::app
