#include "tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string_view>
#include <vector>

namespace remint::http {
namespace {

// A chain or a CA bundle of this size holds hundreds of certificates.
constexpr std::size_t kMaxPemBytes = 1U << 20U;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// OpenSSL's own words for the first thing that went wrong; empties its queue.
std::string openssl_reason() {
  const auto code = ERR_peek_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

std::unexpected<Error> broken(std::string_view what, const std::string& path, std::string_view why) {
  return fail(ErrorCode::kInvalid, std::string(what) + " " + path + ": " + std::string(why));
}

// Without this OpenSSL would ask for the passphrase on the terminal, and wait.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

Result<std::vector<Owned<X509>>> read_certificates(const std::string& path, std::string_view what) {
  const auto pem = read_file(path, kMaxPemBytes);
  if (!pem) return fail_in(pem.error(), what);
  const Owned<BIO> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  std::vector<Owned<X509>> certificates;
  ERR_clear_error();
  while (auto* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const bool only_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const auto reason = openssl_reason();
  if (!only_the_end) return broken(what, path, "a certificate cannot be read: " + reason);
  if (certificates.empty()) return broken(what, path, "no PEM certificate in it");
  return certificates;
}

Result<void> use_certificate(SSL_CTX* context, const std::string& path) {
  auto chain = read_certificates(path, "TLS certificate");
  if (!chain) return std::unexpected(chain.error());
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1)
    return broken("TLS certificate", path, openssl_reason());
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1)
      return broken("TLS certificate", path, openssl_reason());
  }
  return {};
}

Result<void> use_key(SSL_CTX* context, const TlsFiles& files) {
  const auto pem = read_file(files.key_file, kMaxPemBytes);
  if (!pem) return fail_in(pem.error(), "TLS key");
  const Owned<BIO> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  ERR_clear_error();
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    return broken("TLS key", files.key_file,
                  "not a readable PEM private key (encrypted ones are not supported): " + openssl_reason());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return broken("TLS key", files.key_file,
                  "does not belong to the certificate " + files.certificate_file + ": " + openssl_reason());
  }
  return {};
}

Result<void> use_client_ca(SSL_CTX* context, const TlsFiles& files) {
  auto authorities = read_certificates(files.client_ca_file, "client CA");
  if (!authorities) return std::unexpected(authorities.error());
  for (const auto& authority : *authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return broken("client CA", files.client_ca_file, openssl_reason());
    }
  }
  SSL_CTX_set_verify(
      context, SSL_VERIFY_PEER | (files.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return {};
}

// kube-apiserver offers h2 first; we speak 1.1 only and say so.
int choose_http11(SSL* /*connection*/, const unsigned char** chosen, unsigned char* chosen_size,
                  const unsigned char* offered, unsigned int offered_size, void* /*user*/) {
  static constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, kHttp11.data(), kHttp11.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<SslContext> load_tls(const TlsFiles& files) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(ErrorCode::kInternal, "OpenSSL cannot make a TLS context: " + openssl_reason());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http11, nullptr);

  if (auto used = use_certificate(context.get(), files.certificate_file); !used) return std::unexpected(used.error());
  if (auto used = use_key(context.get(), files); !used) return std::unexpected(used.error());
  if (!files.client_ca_file.empty()) {
    if (auto used = use_client_ca(context.get(), files); !used) return std::unexpected(used.error());
  } else if (files.require_client_certificate) {
    return fail(ErrorCode::kInvalid,
                "client certificates are required, but no client CA file is given to verify them with");
  }
  return context;
}

PeerIdentity peer_identity(SSL* connection) {
  const Owned<X509> certificate(SSL_get1_peer_certificate(connection));
  if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return {};
  PeerIdentity identity{.verified = true, .common_name = {}};
  auto* subject = X509_get_subject_name(certificate.get());
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return identity;
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size > 0) identity.common_name.assign(text, text + size);
  OPENSSL_free(text);
  return identity;
}

bool TlsFilesWatch::changed() {
  const auto now = stamps();
  if (now == seen_) return false;
  seen_ = now;
  return true;
}

TlsFilesWatch::Stamps TlsFilesWatch::stamps() const {
  return {stamp_file(files_.certificate_file), stamp_file(files_.key_file),
          files_.client_ca_file.empty() ? FileStamp{} : stamp_file(files_.client_ca_file)};
}

}  // namespace remint::http
