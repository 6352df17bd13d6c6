#pragma once
// Credentials from a program: kubeconfig `exec`
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "remint/base/result.hpp"
#include "remint/base/time.hpp"
#include "remint/kube/config.hpp"

namespace remint::kube {

struct ExecCredential {
  std::string token;  ///< this, or the next two, or all
  std::string certificate_pem;
  std::string key_pem;
  std::optional<Time> expires;  ///< nullopt: until the server answers 401
};

/// Decodes what a plugin printed. Errors name the field and never show a value: it may be a secret.
[[nodiscard]] Result<ExecCredential> parse_exec_credential(std::string_view text, const std::string& api_version);

/// The value of $KUBERNETES_EXEC_INFO. `ca_pem` is the CA's content; used only with provide_cluster_info.
[[nodiscard]] std::string exec_info(const Config& config, const std::string& ca_pem);

/// Runs the plugin without a shell: stdin empty, at most 1 MiB of stdout, its process group killed at the deadline or
/// on stop. The child sees our environment (with the user's own SSL_CERT_FILE) and the plugin's `env`. Thread-safe.
/// kNotFound: no such program; kTimeout, kCancelled, kTooLarge; kInvalid: it failed (with the end of its stderr) or
/// printed something else.
[[nodiscard]] Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin, const std::string& info,
                                                     std::chrono::steady_clock::time_point deadline,
                                                     const std::stop_token& stop);

}  // namespace remint::kube
