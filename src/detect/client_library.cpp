#include "remint/detect/client_library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

constexpr std::size_t kMaxText = 128;
constexpr std::size_t kMaxAdvice = 512;

using Version = std::array<unsigned, 3>;

/// "v1.28.3-eks-1" -> 1.28.3; nothing where no number stands at the front.
std::optional<Version> parse_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  Version version{};
  for (std::size_t i = 0; i < version.size(); ++i) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version.at(i));
    if (error != std::errc{}) return i == 0 ? std::nullopt : std::optional(version);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return version;
}

/// A library that writes its own name and version into the user agent.
struct Row {
  std::string_view prefix, suffix;  ///< what stands around the version
  std::string_view library;
  std::string_view minimum;  ///< "": not known
  bool shows_version;        ///< false: what stands there is not the library's version
  std::string_view hint;     ///< of what sends it, and what to do
};

// Sources: who re-reads from when is from KEP-1205 and the EKS and ACK documentation; who sends what was measured with
// each client against Kubernetes 1.36 unless another source is named.
constexpr std::array kRows{
    Row{"OpenAPI-Generator/", "/python", "Python kubernetes or kubernetes_asyncio", "12.0.0", true, ""},
    Row{"Swagger-Codegen/", "/python", "Python kubernetes", "12.0.0", true, ""},
    Row{"OpenAPI-Generator/", "/java", "Java client (official)", "9.0.0", false,
        "Version 8.0 sends this, and reads its token once."},
    Row{"Swagger-Codegen/", "/java", "Java client (official)", "9.0.0", false,
        "Versions before 8.0 send this, and read their token once."},
    // kubernetes-client/java#1112 brought this name, #2213 says that the number is older than the release at times.
    Row{"Kubernetes Java Client/", "", "Java client (official)", "9.0.0", true, ""},
    // fabric8io/kubernetes-client#3445: after a 401; that 5.8 is the first release with it is inferred from its date.
    Row{"fabric8-kubernetes-client/", "", "fabric8 kubernetes-client", "5.8.0", true, ""},
    Row{"kubernetes-client-javascript/", "", "JavaScript client-node", "0.10.3", true, ""},
    Row{"node-fetch/", "", "JavaScript, perhaps client-node 1.x", "0.10.3", false, ""},
    Row{"undici", "", "JavaScript, perhaps client-node 2.x", "0.10.3", false, ""},
    // ManageIQ/kubeclient#530 and #561.
    Row{"http.rb/", "", "Ruby, perhaps kubeclient", "", false,
        "kubeclient re-reads only when it is given bearer_token_file; fluentd's Kubernetes metadata filter from "
        "2.11.1."},
    Row{"rest-client/", "", "Ruby, perhaps kubeclient", "", false,
        "kubeclient re-reads only when it is given bearer_token_file; fluentd's Kubernetes metadata filter from "
        "2.11.1."},
    Row{"okhttp/", "", "Java or Kotlin with OkHttp", "", false, ""},
    Row{"Go-http-client/", "", "Go without client-go", "", false, ""},
    Row{"python-requests/", "", "Python without the Kubernetes client", "", false, ""},
    Row{"python-httpx/", "", "Python without the Kubernetes client", "", false, ""},
    Row{"curl/", "", "curl", "", false, "A script must read the token's file before each call, not once."},
    Row{"Wget/", "", "wget", "", false, "A script must read the token's file before each call, not once."},
};

// Built from Kubernetes' own tree: their version is the one of the client-go in them.
constexpr std::array<std::string_view, 8> kComponents{
    "kubelet", "kube-proxy", "kube-scheduler", "kube-controller-manager",
    "kubectl", "kubeadm",    "kube-apiserver", "hyperkube"};

constexpr std::string_view kCopied =
    "If it fails all the same, the program has copied its token at the start, which stays stale with any version, or "
    "the "
    "token's file itself was old.";
constexpr std::string_view kCopiedGo =
    "If it fails all the same, the program has copied its token into BearerToken without BearerTokenFile, which stays "
    "stale with any version, or the token's file itself was old.";
constexpr std::string_view kOwnHttp = "Have the program read the token's file again, at least once a minute.";

std::string clean(std::string_view text) { return sanitize(text, kMaxText); }

void advise(ClientLibrary& client, std::string text) { client.advice = sanitize(text, kMaxAdvice); }

ClientLibrary from_row(const Row& row, std::string_view version_text) {
  ClientLibrary client;
  client.library = row.library;
  client.minimum_version = row.minimum;
  const auto version = row.shows_version ? parse_version(version_text) : std::nullopt;
  if (version) {
    client.version = clean(version_text);
    client.re_reads = *version >= *parse_version(row.minimum) ? ReReads::kYes : ReReads::kNo;
  }
  const std::string hint = row.hint.empty() ? "" : std::string(row.hint) + " ";
  if (client.re_reads == ReReads::kYes) {
    advise(client, fmt::format("This version re-reads its token. {}", kCopied));
  } else if (row.minimum.empty()) {
    advise(client, hint + (row.hint.empty() ? std::string(kOwnHttp) : std::string()));
  } else {
    advise(client, fmt::format("{}Upgrade the client library to {} or newer{}.", hint, row.minimum,
                               version ? "" : ", unless it is that new already; its version does not show"));
  }
  return client;
}

/// Kubernetes 1.14 is client-go v11.0.0; later ones are v0.X.Y.
ClientLibrary component(std::string_view name, std::string_view version_text, const Version& version) {
  ClientLibrary client;
  client.library = "client-go";
  client.program = clean(fmt::format("{} {}", name, version_text));
  client.minimum_version = "v11.0.0 / v0.15.0";
  const auto [major, minor, patch] = version;
  if (major == 1 && minor >= 14) {
    client.version = minor >= 15 ? fmt::format("v0.{}.{}", minor, patch) : "v11.0.0";
    client.re_reads = ReReads::kYes;
    advise(client, fmt::format("Its client-go re-reads the token. {}", kCopiedGo));
  } else {
    // v9 and v10 re-read every 5 min, but only with rest.InClusterConfig.
    client.re_reads = major == 1 && minor >= 12 ? ReReads::kUnknown : ReReads::kNo;
    if (major == 1 && minor >= 3) client.version = fmt::format("v{}.0.0", minor - 3);
    advise(client, fmt::format("Upgrade {} to Kubernetes 1.14 or newer (client-go v11.0.0).", name));
  }
  return client;
}

/// "binary/version (os/arch) kubernetes/commit", perhaps with "/leader-election" or a controller's name behind it.
std::optional<ClientLibrary> client_go(std::string_view agent) {
  const auto mark = agent.find(") kubernetes/");
  const auto open = agent.find(" (");
  const auto slash = agent.find('/');
  if (mark == std::string_view::npos || open > mark || slash > open) return std::nullopt;
  const auto name = agent.substr(0, slash);
  const auto version_text = agent.substr(slash + 1, open - slash - 1);
  const auto version = parse_version(version_text);
  const bool stamped = version && *version != Version{};
  if (stamped && std::ranges::find(kComponents, name) != kComponents.end()) {
    return component(name, version_text, *version);
  }
  ClientLibrary client;
  client.library = "client-go";
  client.program = clean(stamped ? fmt::format("{} {}", name, version_text) : std::string(name));
  client.minimum_version = "v11.0.0 / v0.15.0";
  advise(
      client,
      "Upgrade the program to a release that is built with client-go v11.0.0, v0.15.0 or newer: the user agent tells "
      "the program's version, not its client-go's. If it is that new, it has copied its token: have it set "
      "BearerTokenFile beside BearerToken.");
  return client;
}

}  // namespace

std::string_view to_string(ReReads reads) {
  if (reads == ReReads::kYes) return "yes";
  return reads == ReReads::kNo ? "no" : "unknown";
}

ClientLibrary client_library(std::string_view user_agent) {
  if (auto client = client_go(user_agent)) return std::move(*client);
  for (const auto& row : kRows) {
    if (!user_agent.starts_with(row.prefix)) continue;
    auto rest = user_agent.substr(row.prefix.size());
    if (row.suffix.empty()) return from_row(row, rest.substr(0, rest.find(' ')));
    const auto end = rest.find(row.suffix);
    if (end != std::string_view::npos) return from_row(row, rest.substr(0, end));
  }
  ClientLibrary client;
  if (user_agent.empty()) {
    advise(client,
           "It sends no user agent: kube-rs (re-reads from 0.69.0 on), the JavaScript client up to 0.22 (from 0.10.3 "
           "on), or a "
           "program's own HTTP. Upgrade that library, or have the program read the token's file again.");
    return client;
  }
  client.program = clean(user_agent);
  advise(client,
         fmt::format("The user agent does not show the client library. Upgrade {} to a release whose client re-reads "
                     "its token (client-go v11.0.0 / v0.15.0, Python 12.0.0, Java 9.0.0, JavaScript 0.10.3, C# 7.0.5, "
                     "kube-rs 0.69.0), or have it read the token's file again.",
                     sanitize(user_agent, 60)));
  return client;
}

}  // namespace remint::detect
