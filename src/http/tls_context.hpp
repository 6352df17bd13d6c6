#pragma once
// The server's side of TLS, from PEM files. Plain OpenSSL, so that only one file has to compile Asio.

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>

#include "remint/base/file.hpp"
#include "remint/base/result.hpp"
#include "remint/http/server.hpp"

namespace remint::http {

struct FreeSslContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeSslContext>;

/// TLS 1.2 and newer, ALPN http/1.1, no renegotiation, no session resumption (so a revoked client CA takes effect with
/// the next connection). Errors name the file and what is wrong with it.
[[nodiscard]] Result<SslContext> load_tls(const TlsFiles& files);

/// The common name of the peer's verified certificate; verified is false when it showed none.
struct PeerIdentity {
  bool verified = false;
  std::string common_name;
};
[[nodiscard]] PeerIdentity peer_identity(SSL* connection);

/// Notices changed files. Not thread-safe.
class TlsFilesWatch {
 public:
  explicit TlsFilesWatch(TlsFiles files) : files_(std::move(files)), seen_(stamps()) {}
  /// True once after each change of a file.
  [[nodiscard]] bool changed();
  [[nodiscard]] const TlsFiles& files() const { return files_; }

 private:
  using Stamps = std::array<FileStamp, 3>;
  [[nodiscard]] Stamps stamps() const;
  TlsFiles files_;
  Stamps seen_;
};

}  // namespace remint::http
