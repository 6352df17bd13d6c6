// kubeconfigs: files that people are given.
#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/config.hpp"
#include "remint/kube/server_url.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_kubeconfig(std::string_view input) {
  const auto config = kube::parse_kubeconfig(std::string(input), "/home/me/.kube", {.kubeconfig = "config"});
  if (!config) {
    check(!config.error().message.empty() && is_valid_utf8(config.error().message), "an error is safe to print");
    return;
  }
  const auto url = kube::parse_server_url(config->server);
  check(url.has_value(), "the server has an address");
  check(!config->insecure_skip_tls_verify, "TLS is verified unless the caller says otherwise");
  for (const auto* material :
       {&config->certificate_authority, &config->client_certificate, &config->client_key, &config->token}) {
    check(material->file.empty() || material->file.starts_with('/'), "files have absolute names");
  }
  check(config->client_certificate.empty() == config->client_key.empty(), "a certificate comes with its key");
  check(url->tls || url->is_loopback() || (config->token.empty() && config->exec.command.empty()),
        "credentials do not go over a network in clear");
}

}  // namespace remint::fuzz
