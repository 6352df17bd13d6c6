#pragma once
// Certificates made in memory, for TLS tests.

#include <memory>
#include <string>

namespace remint::kube::testing {

struct KeyPair {
  std::string certificate_pem, key_pem;
};

/// Keys are P-256: fast to make.
class TestCa {
 public:
  explicit TestCa(const std::string& name);
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;
  [[nodiscard]] const std::string& pem() const { return pem_; }
  /// `names` as in openssl's subjectAltName: "IP:127.0.0.1,DNS:api.test". Empty: a client certificate for `subject`.
  [[nodiscard]] KeyPair issue(const std::string& subject, const std::string& names) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string pem_;
};

/// An SSL_CTX of a server; freed with the object. `client_ca_pem` set: a client certificate is demanded.
class ServerTls {
 public:
  ServerTls(const KeyPair& pair, const std::string& client_ca_pem = "");
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;
  [[nodiscard]] void* context() const { return context_; }

 private:
  void* context_;
};

/// A folder that goes away with the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Writes by rename, as every careful program replaces a file; returns the file's path.
  std::string write(const std::string& name, const std::string& content, unsigned mode = 0600) const;

 private:
  std::string path_;
};

}  // namespace remint::kube::testing
