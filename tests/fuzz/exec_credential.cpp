// What a credential plugin prints, and the base64 of kubeconfigs.
#include <string>

#include "base64.hpp"
#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/exec_plugin.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_exec_credential(std::string_view input) {
  const auto credential = kube::parse_exec_credential(input, "client.authentication.k8s.io/v1");
  if (credential) {
    check(!credential->token.empty() || !credential->key_pem.empty(), "a credential is one");
    check(credential->certificate_pem.empty() == credential->key_pem.empty(), "a certificate comes with its key");
  } else {
    check(is_valid_utf8(credential.error().message), "an error is safe to print");
  }
  check(kube::decode_base64(kube::encode_base64(input)) == std::string(input), "what was encoded is decoded as it was");
  if (const auto bytes = kube::decode_base64(input)) {
    check(kube::decode_base64(kube::encode_base64(*bytes)) == bytes, "what was decoded is encoded as it was");
    check(bytes->size() <= input.size(), "base64 does not grow when it is decoded");
  }
}

}  // namespace remint::fuzz
