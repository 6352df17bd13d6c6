// The two JSON documents of a credential plugin: what it is told, and what it answers.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base64.hpp"
#include "remint/base/json.hpp"
#include "remint/kube/exec_plugin.hpp"

namespace remint::kube {

Result<ExecCredential> parse_exec_credential(std::string_view text, const std::string& api_version) {
  const auto document = parse_json(text, 1U << 20U);
  if (!document) {
    // The parser's message may quote the text, and the text may hold a token.
    return fail(ErrorCode::kInvalid, "printed something that is not JSON");
  }
  const auto member = [](const Json& object, const char* key) -> const Json* {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && !found->is_null() ? &*found : nullptr;
  };
  const auto text_of = [&](const Json& object, const char* key) -> std::string {
    const Json* value = member(object, key);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string{};
  };
  if (text_of(*document, "kind") != "ExecCredential" || text_of(*document, "apiVersion") != api_version) {
    return fail(ErrorCode::kInvalid, fmt::format("did not print an ExecCredential of {}", api_version));
  }
  const Json* status = member(*document, "status");
  if (status == nullptr || !status->is_object()) {
    return fail(ErrorCode::kInvalid, "printed an ExecCredential without status");
  }
  ExecCredential credential;
  credential.token = text_of(*status, "token");
  credential.certificate_pem = text_of(*status, "clientCertificateData");
  credential.key_pem = text_of(*status, "clientKeyData");
  if (credential.certificate_pem.empty() != credential.key_pem.empty()) {
    return fail(ErrorCode::kInvalid, "printed only one of status.clientCertificateData and status.clientKeyData");
  }
  if (credential.token.empty() && credential.key_pem.empty()) {
    return fail(ErrorCode::kInvalid, "printed neither status.token nor status.clientCertificateData");
  }
  if (const std::string expires = text_of(*status, "expirationTimestamp"); !expires.empty()) {
    credential.expires = parse_rfc3339(expires);
    if (!credential.expires) {
      return fail(ErrorCode::kInvalid, "printed a status.expirationTimestamp that is not RFC 3339");
    }
  }
  return credential;
}

std::string exec_info(const Config& config, const std::string& ca_pem) {
  Json info = {{"kind", "ExecCredential"}, {"apiVersion", config.exec.api_version}, {"spec", {{"interactive", false}}}};
  if (config.exec.provide_cluster_info) {
    Json cluster = {{"server", config.server}};
    if (!config.tls_server_name.empty()) {
      cluster["tls-server-name"] = config.tls_server_name;
    }
    if (config.insecure_skip_tls_verify) {
      cluster["insecure-skip-tls-verify"] = true;
    }
    if (!ca_pem.empty()) {
      cluster["certificate-authority-data"] = encode_base64(ca_pem);
    }
    info["spec"]["cluster"] = std::move(cluster);
  }
  return dump_json(info);
}

}  // namespace remint::kube
