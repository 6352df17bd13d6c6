#pragma once
// A certificate authority made on the spot, for servers and clients that live as long as one test.

#include <memory>
#include <string>
#include <vector>

namespace remint::testing {

/// A certificate and its key, both PEM.
struct PemPair {
  std::string certificate;
  std::string key;
};

struct CertificateRequest {
  std::string common_name;              ///< of a client: the user
  std::string organization;             ///< of a client: the group; empty: none
  std::vector<std::string> names;       ///< of a server: "DNS:localhost", "IP:127.0.0.1"
  long valid_from_seconds = -3600;      ///< from now
  long valid_for_seconds = 24L * 3600;  ///< from now; negative: already expired
};

/// P-256 keys. Not thread-safe. Throws std::runtime_error when OpenSSL refuses.
class TestCa {
 public:
  explicit TestCa(const std::string& common_name = "test-ca");
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;
  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  [[nodiscard]] PemPair issue(const CertificateRequest& request) const;
  /// For 127.0.0.1, ::1 and localhost.
  [[nodiscard]] PemPair issue_server() const;
  [[nodiscard]] PemPair issue_client(const std::string& user, const std::string& group = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string certificate_;
};

/// OpenSSL's own clean-up at exit runs while the HTTP library's threads still live, and loses what they hold: a leak
/// sanitizer then reports it. Called before anything else of OpenSSL, this keeps it up to the end. Returns true.
bool keep_openssl_to_the_end();

}  // namespace remint::testing
