#include "remint/kube/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <limits>
#include <mutex>
#include <vector>

namespace remint::kube {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;

SystemTrust& mutable_system_trust() {
  static SystemTrust trust;
  return trust;
}

// Takes the reason of the newest OpenSSL error and empties the queue, so that no later call trips over it.
std::string take_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

BioPtr memory_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(),
                                static_cast<int>(std::min<std::size_t>(text.size(), std::numeric_limits<int>::max()))));
}

Result<std::vector<CertificatePtr>> parse_certificates(const std::string& pem) {
  const BioPtr bio = memory_bio(pem);
  std::vector<CertificatePtr> certificates;
  for (;;) {
    CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) {
      break;
    }
    certificates.push_back(std::move(certificate));
  }
  // Every PEM file ends with "no start line"; anything else is a broken block.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_reason();
  if (!at_end) {
    return fail(ErrorCode::kInvalid, fmt::format("certificate {} is broken: {}", certificates.size() + 1, reason));
  }
  if (certificates.empty()) {
    return fail(ErrorCode::kInvalid, "has no PEM certificate");
  }
  return certificates;
}

// Without this OpenSSL would ask for a password on the terminal, and wait.
int no_password(char*, int, int, void*) { return -1; }

Result<KeyPtr> parse_key(const std::string& pem) {
  const BioPtr bio = memory_bio(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  const std::string reason = take_reason();
  if (!key) {
    return fail(ErrorCode::kInvalid, pem.find("ENCRYPTED") != std::string::npos
                                         ? "is encrypted; Remint has nobody to ask for the password"
                                         : fmt::format("has no PEM private key that OpenSSL can read: {}", reason));
  }
  return key;
}

Result<StorePtr> private_store(const std::string& pem) {
  auto certificates = parse_certificates(pem);
  if (!certificates) {
    return std::unexpected(certificates.error());
  }
  StorePtr store(X509_STORE_new());
  for (const CertificatePtr& certificate : *certificates) {
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) {
      return fail(ErrorCode::kInvalid, "holds a certificate that cannot be trusted: " + take_reason());
    }
  }
  return store;
}

StorePtr system_store() {
  const SystemTrust& trust = system_trust();
  StorePtr store(X509_STORE_new());
  const char* file = trust.has_cert_file ? trust.cert_file.c_str() : X509_get_default_cert_file();
  const char* folder = trust.has_cert_dir ? trust.cert_dir.c_str() : X509_get_default_cert_dir();
  // Either may be missing; with neither, the handshake fails and says "unable to get local issuer certificate".
  X509_STORE_load_file(store.get(), file);
  X509_STORE_load_path(store.get(), folder);
  ERR_clear_error();
  return store;
}

class OpenSslMaterial final : public TlsMaterial {
 public:
  OpenSslMaterial(StorePtr store, std::vector<CertificatePtr> chain, KeyPtr key)
      : store_(std::move(store)), chain_(std::move(chain)), key_(std::move(key)) {}

  [[nodiscard]] Result<void> apply(void* ssl_context) const override {
    auto* context = static_cast<SSL_CTX*>(ssl_context);
    SSL_CTX_set1_cert_store(context, store_.get());
    bool good = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
    if (good && key_) {
      good = SSL_CTX_use_certificate(context, chain_.front().get()) == 1;
      for (std::size_t i = 1; good && i < chain_.size(); ++i) {
        good = SSL_CTX_add1_chain_cert(context, chain_[i].get()) == 1;
      }
      good = good && SSL_CTX_use_PrivateKey(context, key_.get()) == 1;
    }
    if (!good) {
      return fail(ErrorCode::kInternal, "OpenSSL refused the certificates: " + take_reason());
    }
    return {};
  }

 private:
  StorePtr store_;
  std::vector<CertificatePtr> chain_;
  KeyPtr key_;
};

}  // namespace

Result<std::shared_ptr<const TlsMaterial>> TlsMaterial::parse(const TlsInput& input) {
  ERR_clear_error();
  StorePtr store;
  if (input.ca_pem.empty()) {
    store = system_store();
  } else if (auto parsed = private_store(input.ca_pem)) {
    store = std::move(*parsed);
  } else {
    return fail_in(parsed.error(), "certificate-authority");
  }
  std::vector<CertificatePtr> chain;
  KeyPtr key;
  if (!input.certificate_pem.empty() || !input.key_pem.empty()) {
    auto certificates = parse_certificates(input.certificate_pem);
    if (!certificates) {
      return fail_in(certificates.error(), "client-certificate");
    }
    auto private_key = parse_key(input.key_pem);
    if (!private_key) {
      return fail_in(private_key.error(), "client-key");
    }
    if (X509_check_private_key(certificates->front().get(), private_key->get()) != 1) {
      ERR_clear_error();
      return fail(ErrorCode::kInvalid, "client-key: belongs to another certificate than client-certificate");
    }
    chain = std::move(*certificates);
    key = std::move(*private_key);
  }
  return std::make_shared<const OpenSslMaterial>(std::move(store), std::move(chain), std::move(key));
}

void take_over_system_trust() {
  SystemTrust& trust = mutable_system_trust();
  if (trust.taken_over) {
    return;
  }
  const auto take = [](const char* name, std::string& value, bool& present) {
    if (const char* found = std::getenv(name)) {
      value = found;
      present = true;
    }
  };
  take("SSL_CERT_FILE", trust.cert_file, trust.has_cert_file);
  take("SSL_CERT_DIR", trust.cert_dir, trust.has_cert_dir);
  trust.taken_over = true;
  ::setenv("SSL_CERT_FILE", "/dev/null", 1);
  ::setenv("SSL_CERT_DIR", "/nonexist", 1);
}

const SystemTrust& system_trust() { return mutable_system_trust(); }

std::string describe_tls_error(unsigned long number) {
  // Plain errno values and Asio's own codes are small; OpenSSL puts the library's number into the upper bits.
  const char* reason = number > 0xFFFF ? ERR_reason_error_string(number) : nullptr;
  if (reason == nullptr) {
    return "";
  }
  // "EVP lib" is how a wrong signature on the server's certificate shows up first.
  const std::string_view text(reason);
  return text == "certificate verify failed" || text == "EVP lib"
             ? "certificate verify failed: it is not signed by the certificate authority we trust, or is for another "
               "name"
             : std::string(text);
}

}  // namespace remint::kube
