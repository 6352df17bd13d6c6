#include "remint/kube/config.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "remint/base/file.hpp"
#include "remint/base/ip.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/server_url.hpp"

namespace remint::kube {
namespace {

constexpr std::size_t kMaxKubeconfig = 1U << 20U;
constexpr const char* kServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool exists(const std::string& path) {
  std::error_code ignored;  // "cannot tell" is "not there": reading it would fail with the reason
  return std::filesystem::exists(path, ignored);
}

Result<Config> load_kubeconfig(const std::string& path, LoadOptions options) {
  options.kubeconfig = path;
  const auto text = read_file(path, kMaxKubeconfig);
  if (!text) {
    return fail_in(text.error(), "kubeconfig " + path);
  }
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) {
    return fail(ErrorCode::kInvalid, fmt::format("kubeconfig {}: {}", path, error.message()));
  }
  return parse_kubeconfig(*text, absolute.parent_path().string(), options);
}

// The first existing file of $KUBECONFIG's list.
Result<std::string> first_existing(const std::string& list) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (std::string path = list.substr(begin, end - begin); !path.empty() && exists(path)) {
      return path;
    }
    begin = end + 1;
  }
  return fail(ErrorCode::kNotFound, fmt::format("$KUBECONFIG names no file that exists: {}", sanitize(list, 300)));
}

}  // namespace

Result<Config> in_cluster_config(const std::string& folder, const std::string& host, const std::string& port) {
  const std::string origin = "in-cluster";
  if (host.empty() || port.empty()) {
    return fail(ErrorCode::kNotFound,
                origin + ": KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is not a pod");
  }
  const auto address = IpAddress::parse(host);
  const bool bracket = address && host.find(':') != std::string::npos;
  const auto url =
      parse_server_url(fmt::format("https://{}{}{}:{}", bracket ? "[" : "", host, bracket ? "]" : "", port));
  if (!url) {
    return fail_in(url.error(), origin + ": KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
  }
  Config config;
  config.server = url->to_string();
  config.token.file = folder + "/token";
  config.certificate_authority.file = folder + "/ca.crt";
  for (const std::string& file : {config.token.file, config.certificate_authority.file}) {
    if (!exists(file)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{}: {} does not exist; is automountServiceAccountToken off?", origin, file));
    }
  }
  // Optional: only commands that name no namespace need it.
  if (const auto ns = read_file(folder + "/namespace", 256); ns && !ns->empty()) {
    config.default_namespace = *ns;
  }
  config.origin = origin;
  return config;
}

Result<Config> load_config(const LoadOptions& options) {
  if (!options.kubeconfig.empty()) {
    return load_kubeconfig(options.kubeconfig, options);
  }
  if (const std::string list = environment("KUBECONFIG"); !list.empty()) {
    const auto path = first_existing(list);
    return path ? load_kubeconfig(*path, options) : std::unexpected(path.error());
  }
  // A context exists only in a kubeconfig: asking for one rules this out.
  if (options.context.empty()) {
    auto config = in_cluster_config(kServiceAccountFolder, environment("KUBERNETES_SERVICE_HOST"),
                                    environment("KUBERNETES_SERVICE_PORT"));
    if (config || config.error().code != ErrorCode::kNotFound) {
      return config;
    }
  }
  const std::string home = environment("HOME");
  const std::string path = home + "/.kube/config";
  if (home.empty() || !exists(path)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("found no way to a cluster: no --kubeconfig, no $KUBECONFIG, not in a "
                            "pod with a ServiceAccount token, and no {}",
                            home.empty() ? "$HOME" : path));
  }
  return load_kubeconfig(path, options);
}

}  // namespace remint::kube
