#pragma once
// A throw-away certificate authority in a temporary directory.

#include <filesystem>
#include <string>
#include <string_view>

namespace remint::testing {

/// A directory that goes away with the object.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Writes a file so that readers see the old content or the new one.
void write_file(const std::string& path, std::string_view content);

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

/// P-256 certificates, valid for an hour; "localhost" and 127.0.0.1 are in the names of server certificates.
class Pki {
 public:
  /// The CA's certificate is <dir>/<name>-ca.crt.
  Pki(const TempDir& dir, std::string name);
  Pki(const Pki&) = delete;
  Pki& operator=(const Pki&) = delete;
  ~Pki();
  [[nodiscard]] std::string ca_file() const { return dir_.file(name_ + "-ca.crt"); }
  /// Writes <dir>/<file>.crt and .key, replacing what was there.
  CertificateFiles issue_server(const std::string& file);
  CertificateFiles issue_client(const std::string& file, const std::string& common_name);
  /// A client certificate whose validity is over.
  CertificateFiles issue_expired_client(const std::string& file, const std::string& common_name);

 private:
  enum class Use { kServer, kClient };
  CertificateFiles issue(const std::string& file, const std::string& common_name, Use use, long from, long until);
  struct Authority;
  const TempDir& dir_;
  std::string name_;
  Authority* authority_;
};

}  // namespace remint::testing
