// kubeconfig files: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base64.hpp"
#include "remint/base/json.hpp"
#include "remint/base/text.hpp"
#include "remint/base/yaml.hpp"
#include "remint/kube/config.hpp"
#include "remint/kube/server_url.hpp"

namespace remint::kube {
namespace {

// One of the three lists of named things: clusters, contexts, users.
class NamedList {
 public:
  NamedList(const JsonReader& root, std::string_view list, std::string_view kind) : kind_(kind) {
    for (const JsonReader& entry : root.at(list).items()) {
      std::string name = entry.at("name").string();
      if (std::ranges::find(names_, name) != names_.end()) {
        entry.at("name").error(fmt::format("\"{}\" is there twice", sanitize(name, 100)));
      }
      names_.push_back(std::move(name));
      values_.push_back(entry.at(kind));
    }
  }

  // nullptr when there is no such name.
  [[nodiscard]] const JsonReader* find(std::string_view name) const {
    const auto at = std::ranges::find(names_, name);
    return at == names_.end() ? nullptr : &values_[static_cast<std::size_t>(at - names_.begin())];
  }

  [[nodiscard]] std::string missing(std::string_view name) const {
    constexpr std::size_t kShown = 10;
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < names_.size() && i < kShown; ++i) {
      shown.push_back(sanitize(names_[i], 100));
    }
    if (names_.size() > kShown) {
      shown.emplace_back("...");
    }
    return fmt::format("{} \"{}\" does not exist; known: {}", kind_, sanitize(name, 100),
                       shown.empty() ? "none" : fmt::format("{}", fmt::join(shown, ", ")));
  }

 private:
  std::string_view kind_;
  std::vector<std::string> names_;
  std::vector<JsonReader> values_;
};

std::string absolute(const std::string& folder, const std::string& file) {
  if (file.empty() || file.starts_with('/')) {
    return file;
  }
  return (std::filesystem::path(folder) / file).lexically_normal().string();
}

// "certificate-authority" and "certificate-authority-data": the data wins.
Material material(const JsonReader& owner, const std::string& field, const std::string& folder) {
  const JsonReader inline_field = owner.at(field + "-data");
  const std::string encoded = inline_field.string();
  if (encoded.empty()) {
    return {.inline_data = {}, .file = absolute(folder, owner.at(field).string())};
  }
  auto decoded = decode_base64(encoded);
  if (!decoded || decoded->empty()) {
    inline_field.error("must be base64");
    return {};
  }
  return {.inline_data = std::move(*decoded), .file = {}};
}

void refuse(const JsonReader& owner, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  for (const auto& [field, reason] : fields) {
    const JsonReader value = owner.at(field);
    // NOLINTNEXTLINE(readability-container-size-empty): of JSON, empty() says that a list or an object is; not a string
    if (value.present() && !value.json().empty() && value.json() != "") {
      value.error(std::string(reason));
    }
  }
}

void read_cluster(const JsonReader& cluster, const std::string& folder, const LoadOptions& options, Config& config) {
  const JsonReader server = cluster.at("server");
  if (const auto url = parse_server_url(server.string())) {
    config.server = url->to_string();
  } else {
    server.error(url.error().message);
  }
  config.tls_server_name = cluster.at("tls-server-name").string();
  config.certificate_authority = material(cluster, "certificate-authority", folder);
  const JsonReader insecure = cluster.at("insecure-skip-tls-verify");
  config.insecure_skip_tls_verify = insecure.boolean(false);
  if (config.insecure_skip_tls_verify) {
    if (!options.allow_insecure_tls) {
      insecure.error(
          "is true, so anybody between here and the server could read the credentials; give certificate-authority "
          "instead, or allow it with --allow-insecure-tls");
    } else if (!config.certificate_authority.empty()) {
      insecure.error("cannot be true together with a certificate-authority");
    }
  }
  refuse(cluster, {{"proxy-url", "proxies are not supported; remove it"}});
}

void read_exec(const JsonReader& exec, const std::string& folder, Config& config) {
  if (!exec.present()) {
    return;
  }
  ExecPlugin plugin;
  plugin.api_version = exec.at("apiVersion").string();
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    exec.at("apiVersion").error("must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1");
  }
  plugin.command = exec.at("command").string();
  if (plugin.command.empty()) {
    exec.at("command").error("must name a program");
  } else if (plugin.command.find('/') != std::string::npos) {
    plugin.command = absolute(folder, plugin.command);
  }
  plugin.args = exec.at("args").strings();
  for (const JsonReader& variable : exec.at("env").items()) {
    const std::string name = variable.at("name").string();
    if (name.empty() || name.find('=') != std::string::npos) {
      variable.error("must have a name without \"=\"");
    }
    plugin.env[name] = variable.at("value").string();
  }
  plugin.install_hint = exec.at("installHint").string();
  plugin.provide_cluster_info = exec.at("provideClusterInfo").boolean(false);
  if (exec.at("interactiveMode").string() == "Always") {
    exec.at("interactiveMode").error("is Always, but Remint has no terminal to ask on");
  }
  config.exec = std::move(plugin);
}

void read_user(const JsonReader& user, const std::string& folder, Config& config) {
  config.client_certificate = material(user, "client-certificate", folder);
  config.client_key = material(user, "client-key", folder);
  if (config.client_certificate.empty() != config.client_key.empty()) {
    user.error("client-certificate and client-key are needed together");
  }
  config.token = {.inline_data = user.at("token").string(), .file = absolute(folder, user.at("tokenFile").string())};
  if (!config.token.file.empty()) {
    config.token.inline_data.clear();
  }
  if (config.token.empty()) {
    read_exec(user.at("exec"), folder, config);
  }
  refuse(user, {{"username", "basic authentication has left Kubernetes with 1.19; use a token or a client certificate"},
                {"password", "basic authentication has left Kubernetes with 1.19; use a token or a client certificate"},
                {"auth-provider", "auth providers have left Kubernetes with 1.26; use an exec plugin"},
                {"as", "impersonation is not supported; give Remint an account of its own"},
                {"as-uid", "impersonation is not supported; give Remint an account of its own"},
                {"as-groups", "impersonation is not supported; give Remint an account of its own"},
                {"as-user-extra", "impersonation is not supported; give Remint an account of its own"}});
}

bool has_credentials(const Config& config) {
  return !config.token.empty() || !config.client_key.empty() || !config.exec.command.empty();
}

Result<void> check_clear_text(const Config& config, const LoadOptions& options) {
  const auto url = parse_server_url(config.server);
  if (url && !url->tls && !url->is_loopback() && has_credentials(config) && !options.allow_insecure_tls) {
    return fail(ErrorCode::kRefused, fmt::format("server {} has no TLS, and the credentials would cross the network "
                                                 "unencrypted; use https://, or allow it with --allow-insecure-tls",
                                                 config.server));
  }
  return {};
}

Result<Config> read_config(const Json& document, const std::string& folder, const LoadOptions& options,
                           std::string& context_name) {
  FieldErrors errors;
  const JsonReader root(document, errors);
  if (!document.is_object() || (root.at("kind").present() && root.at("kind").string() != "Config")) {
    return fail(ErrorCode::kInvalid, "this is not a kubeconfig (kind: Config)");
  }
  const NamedList clusters(root, "clusters", "cluster");
  const NamedList contexts(root, "contexts", "context");
  const NamedList users(root, "users", "user");
  context_name = options.context.empty() ? root.at("current-context").string() : options.context;
  if (!errors.empty()) {
    return fail(ErrorCode::kInvalid, join(errors));
  }
  if (context_name.empty()) {
    return fail(ErrorCode::kInvalid, "current-context is not set; choose one with --context");
  }
  const JsonReader* context = contexts.find(context_name);
  if (context == nullptr) {
    return fail(ErrorCode::kInvalid, contexts.missing(context_name));
  }

  const std::string where = fmt::format("context \"{}\"", sanitize(context_name, 100));
  const std::string cluster_name = context->at("cluster").string();
  const std::string user_name = context->at("user").string();
  const JsonReader* cluster = clusters.find(cluster_name);
  if (cluster == nullptr) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", where, clusters.missing(cluster_name)));
  }
  const JsonReader* user = user_name.empty() ? nullptr : users.find(user_name);
  if (user == nullptr && !user_name.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", where, users.missing(user_name)));
  }

  Config config;
  if (std::string ns = context->at("namespace").string(); !ns.empty()) {
    config.default_namespace = std::move(ns);
  }
  read_cluster(*cluster, folder, options, config);
  if (user != nullptr) {
    read_user(*user, folder, config);
  }
  if (!errors.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", where, join(errors)));
  }
  if (auto clear = check_clear_text(config, options); !clear) {
    return fail_in(clear.error(), where);
  }
  return config;
}

}  // namespace

Result<Config> parse_kubeconfig(const std::string& text, const std::string& folder, const LoadOptions& options) {
  const std::string origin = options.kubeconfig.empty() ? "kubeconfig" : "kubeconfig " + options.kubeconfig;
  const auto documents = parse_yaml(text);
  if (!documents) {
    return fail_in(documents.error(), origin);
  }
  if (documents->size() != 1) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: {}", origin,
                            documents->empty() ? "the file is empty" : "there is more than one YAML document"));
  }
  std::string context_name;
  auto config = read_config(documents->front(), folder, options, context_name);
  if (!config) {
    return fail_in(config.error(), origin);
  }
  config->origin = fmt::format("{}, context {}", origin, sanitize(context_name, 100));
  return config;
}

}  // namespace remint::kube
