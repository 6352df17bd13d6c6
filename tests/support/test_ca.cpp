#include "support/test_ca.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <stdexcept>

namespace remint::testing {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Deleter<X509_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

template <class T>
T* check(T* pointer, const char* what) {
  if (pointer == nullptr) throw std::runtime_error(std::string("OpenSSL: ") + what);
  return pointer;
}

void check(int result, const char* what) {
  if (result <= 0) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

Key make_key() {
  return Key(check(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), "keygen"));  // NOLINT: a variadic C function
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(X509* cert) {
  const Bio bio(check(BIO_new(BIO_s_mem()), "BIO_new"));
  check(PEM_write_bio_X509(bio.get(), cert), "PEM_write_bio_X509");
  return text_of(bio.get());
}

std::string pem(EVP_PKEY* key) {
  const Bio bio(check(BIO_new(BIO_s_mem()), "BIO_new"));
  check(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr), "PEM_write_bio_PrivateKey");
  return text_of(bio.get());
}

void add_extension(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = check(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), "extension");
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_name(X509_NAME* name, const char* field, const std::string& value) {
  if (value.empty()) return;
  const auto* bytes = reinterpret_cast<const unsigned char*>(value.c_str());
  check(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, -1, -1, 0), "name");
}

Cert unsigned_certificate(const CertificateRequest& request, EVP_PKEY* key) {
  Cert cert(check(X509_new(), "X509_new"));
  X509_set_version(cert.get(), X509_VERSION_3);
  std::uint64_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial), "RAND_bytes");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert.get()), serial >> 1U);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), request.valid_from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), request.valid_for_seconds);
  add_name(X509_get_subject_name(cert.get()), "O", request.organization);
  add_name(X509_get_subject_name(cert.get()), "CN", request.common_name);
  check(X509_set_pubkey(cert.get(), key), "X509_set_pubkey");
  return cert;
}

}  // namespace

struct TestCa::Impl {
  Key key;
  Cert cert;
};

TestCa::TestCa(const std::string& common_name) : impl_(std::make_unique<Impl>()) {
  impl_->key = make_key();
  impl_->cert = unsigned_certificate({common_name, "", {}}, impl_->key.get());
  X509* cert = impl_->cert.get();
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(cert, cert, NID_subject_key_identifier, "hash");
  check(X509_sign(cert, impl_->key.get(), EVP_sha256()), "X509_sign");
  certificate_ = pem(cert);
}

TestCa::~TestCa() = default;

PemPair TestCa::issue(const CertificateRequest& request) const {
  const Key key = make_key();
  const Cert cert = unsigned_certificate(request, key.get());
  X509_set_issuer_name(cert.get(), X509_get_subject_name(impl_->cert.get()));
  add_extension(cert.get(), impl_->cert.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(cert.get(), impl_->cert.get(), NID_ext_key_usage, request.names.empty() ? "clientAuth" : "serverAuth");
  std::string names;
  for (const auto& name : request.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(cert.get(), impl_->cert.get(), NID_subject_alt_name, names);
  check(X509_sign(cert.get(), impl_->key.get(), EVP_sha256()), "X509_sign");
  return {pem(cert.get()), pem(key.get())};
}

PemPair TestCa::issue_server() const { return issue({"localhost", "", {"DNS:localhost", "IP:127.0.0.1", "IP:::1"}}); }

PemPair TestCa::issue_client(const std::string& user, const std::string& group) const {
  return issue({user, group, {}});
}

bool keep_openssl_to_the_end() { return OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr) == 1; }

}  // namespace remint::testing
