#pragma once
// Where the API server is and how to prove who we are. Credentials that live in files are named here, not read: the
// transport reads them again when they change, so that Remint never becomes what it cures.

#include <map>
#include <string>
#include <vector>

#include "remint/base/result.hpp"

namespace remint::kube {

/// A kubeconfig `exec` credential plugin (client.authentication.k8s.io/v1 and v1beta1).
struct ExecPlugin {
  std::string api_version;
  std::string command;  ///< absolute, or a name looked up in $PATH
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
  std::string install_hint;  ///< shown when the command does not exist
  bool provide_cluster_info = false;
};

/// PEM or other secret that is either given inline or read (again and again) from a file.
struct Material {
  std::string inline_data;  ///< decoded
  std::string file;         ///< absolute
  [[nodiscard]] bool empty() const { return inline_data.empty() && file.empty(); }
};

struct Config {
  std::string server;           ///< "https://host:port" without trailing slash; IPv6 hosts in brackets
  std::string tls_server_name;  ///< empty: the host of `server`
  bool insecure_skip_tls_verify = false;
  Material certificate_authority;
  Material client_certificate;
  Material client_key;
  Material token;
  ExecPlugin exec;  ///< command empty: none
  std::string default_namespace = "default";
  std::string origin;  ///< "in-cluster" or "kubeconfig /path, context x": for messages
};

struct LoadOptions {
  std::string kubeconfig{};  ///< path; empty: $KUBECONFIG (first existing file), then in-cluster, then ~/.kube/config
  std::string context{};     ///< empty: current-context
  bool allow_insecure_tls = false;  ///< without it, insecure-skip-tls-verify in a kubeconfig is refused
};

/// Errors name file, context and field: "kubeconfig /x: context "dev": cluster "c1" does not exist; known: a, b".
/// Unlike client-go, several files in $KUBECONFIG are not merged, and what Remint cannot do (proxy-url, impersonation,
/// basic auth, auth-provider, credentials over plain HTTP to another machine) is refused instead of ignored.
[[nodiscard]] Result<Config> load_config(const LoadOptions& options);
/// The folder is /var/run/secrets/kubernetes.io/serviceaccount in a pod; host and port come from the environment.
[[nodiscard]] Result<Config> in_cluster_config(const std::string& folder, const std::string& host,
                                               const std::string& port);
/// Parses a kubeconfig's text. `folder` resolves relative file names; `options.kubeconfig` is only used in messages.
/// As in client-go, inline data wins over a file, except for the token, where the file wins; a token wins over `exec`.
[[nodiscard]] Result<Config> parse_kubeconfig(const std::string& text, const std::string& folder,
                                              const LoadOptions& options);

}  // namespace remint::kube
