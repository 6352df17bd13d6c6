#pragma once
// What a TLS connection to the API server needs, parsed and checked once, so that a broken file is a clear error (or
// keeps the last good one) instead of a failed handshake.

#include <memory>
#include <string>

#include "remint/base/result.hpp"

namespace remint::kube {

struct TlsInput {
  std::string ca_pem;           ///< empty: the system's certificate authorities
  std::string certificate_pem;  ///< leaf first, then its chain; empty: none
  std::string key_pem;
  friend bool operator==(const TlsInput&, const TlsInput&) = default;
};

/// Immutable and thread-safe: every connection shares one store of authorities.
class TlsMaterial {
 public:
  /// kInvalid: no certificate in it, bad PEM, an encrypted key, or a key that belongs to another certificate.
  [[nodiscard]] static Result<std::shared_ptr<const TlsMaterial>> parse(const TlsInput& input);
  virtual ~TlsMaterial() = default;
  /// `ssl_context` is an OpenSSL SSL_CTX*. Replaces whatever authorities it trusted before: with a private CA the
  /// system's are not trusted beside it. TLS 1.2 is the least.
  [[nodiscard]] virtual Result<void> apply(void* ssl_context) const = 0;
};

/// Remembers $SSL_CERT_FILE and $SSL_CERT_DIR, then points them at nothing, because cpprestsdk makes OpenSSL load them
/// on each new connection (47 ms). Call before any thread exists; the second call does nothing.
void take_over_system_trust();
/// The user's own values, which child processes must see again.
struct SystemTrust {
  std::string cert_file, cert_dir;
  bool has_cert_file = false, has_cert_dir = false;
  bool taken_over = false;
};
[[nodiscard]] const SystemTrust& system_trust();

/// "certificate verify failed" for an OpenSSL error number; "" when it is none.
[[nodiscard]] std::string describe_tls_error(unsigned long number);

}  // namespace remint::kube
