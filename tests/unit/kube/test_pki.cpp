#include "test_pki.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace remint::kube::testing {
namespace {

template <class Write>
std::string to_pem(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

std::string to_pem(X509* certificate) {
  return to_pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
}

X509* make_certificate(EVP_PKEY* key, const std::string& subject, X509* issuer, EVP_PKEY* issuer_key,
                       const std::string& names) {
  static std::atomic<long> serial{1};
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial.fetch_add(1));
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, issuer == nullptr ? name : X509_get_subject_name(issuer));
  const auto extend = [&](int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer == nullptr ? certificate : issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) {
      throw std::runtime_error("bad certificate extension " + value);
    }
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  };
  extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!names.empty()) {
    extend(NID_subject_alt_name, names);
  }
  X509_sign(certificate, issuer_key, EVP_sha256());
  return certificate;
}

}  // namespace

struct TestCa::Impl {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = nullptr;
};

TestCa::TestCa(const std::string& name) : impl_(std::make_unique<Impl>()) {
  impl_->certificate = make_certificate(impl_->key, name, nullptr, impl_->key, "");
  pem_ = to_pem(impl_->certificate);
}

TestCa::~TestCa() {
  X509_free(impl_->certificate);
  EVP_PKEY_free(impl_->key);
}

KeyPair TestCa::issue(const std::string& subject, const std::string& names) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = make_certificate(key, subject, impl_->certificate, impl_->key, names);
  KeyPair pair{to_pem(certificate),
               to_pem([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); })};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pair;
}

ServerTls::ServerTls(const KeyPair& pair, const std::string& client_ca_pem)
    : context_(SSL_CTX_new(TLS_server_method())) {
  auto* context = static_cast<SSL_CTX*>(context_);
  BIO* bio = BIO_new_mem_buf(pair.certificate_pem.data(), static_cast<int>(pair.certificate_pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(pair.key_pem.data(), static_cast<int>(pair.key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!client_ca_pem.empty()) {
    bio = BIO_new_mem_buf(client_ca_pem.data(), static_cast<int>(client_ca_pem.size()));
    X509* ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
}

ServerTls::~ServerTls() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "remint-kube-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("cannot make a temporary folder");
  }
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& content, unsigned mode) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path + ".new", std::ios::binary) << content;
  ::chmod((path + ".new").c_str(), mode);
  std::filesystem::rename(path + ".new", path);
  return path;
}

}  // namespace remint::kube::testing
