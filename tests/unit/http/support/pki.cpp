#include "pki.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace remint::testing {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<EVP_PKEY> new_key() { return Owned<EVP_PKEY>(EVP_EC_gen("P-256")); }

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (!extension) throw std::runtime_error("cannot make a certificate extension");
  X509_add_ext(certificate, extension.get(), -1);
}

Owned<X509> new_certificate(EVP_PKEY* key, const std::string& common_name, long from, long until) {
  Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  std::array<unsigned char, 4> serial{};
  RAND_bytes(serial.data(), static_cast<int>(serial.size()));
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), (serial[0] << 16) + (serial[1] << 8) + serial[2] + 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
  return certificate;
}

template <class Write>
std::string to_pem(const Write& write) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  return to_pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
}

std::string pem(EVP_PKEY* key) {
  return to_pem([&](BIO* bio) { PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

}  // namespace

TempDir::TempDir() {
  auto name = (std::filesystem::temp_directory_path() / "remint-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // a left-over directory fails no test
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, std::string_view content) {
  const auto aside = path + ".new";
  {
    std::ofstream file(aside, std::ios::binary);
    file << content;
    if (!file.flush()) throw std::runtime_error("cannot write " + aside);
  }
  std::filesystem::rename(aside, path);
}

struct Pki::Authority {
  Owned<EVP_PKEY> key = new_key();
  Owned<X509> certificate;
};

Pki::Pki(const TempDir& dir, std::string name) : dir_(dir), name_(std::move(name)), authority_(new Authority) {
  auto& [key, certificate] = *authority_;
  certificate = new_certificate(key.get(), name_ + " CA", -60, 3600);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign");
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  write_file(ca_file(), pem(certificate.get()));
}

Pki::~Pki() { delete authority_; }

CertificateFiles Pki::issue(const std::string& file, const std::string& common_name, Use use, long from, long until) {
  const auto key = new_key();
  const auto certificate = new_certificate(key.get(), common_name, from, until);
  auto* issuer = authority_->certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  add_extension(certificate.get(), issuer, NID_ext_key_usage, use == Use::kServer ? "serverAuth" : "clientAuth");
  if (use == Use::kServer) add_extension(certificate.get(), issuer, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(certificate.get(), authority_->key.get(), EVP_sha256());
  CertificateFiles files{dir_.file(file + ".crt"), dir_.file(file + ".key")};
  write_file(files.key, pem(key.get()));
  write_file(files.certificate, pem(certificate.get()));
  return files;
}

CertificateFiles Pki::issue_server(const std::string& file) { return issue(file, "remint", Use::kServer, -60, 3600); }
CertificateFiles Pki::issue_client(const std::string& file, const std::string& common_name) {
  return issue(file, common_name, Use::kClient, -60, 3600);
}
CertificateFiles Pki::issue_expired_client(const std::string& file, const std::string& common_name) {
  return issue(file, common_name, Use::kClient, -3600, -60);
}

}  // namespace remint::testing
