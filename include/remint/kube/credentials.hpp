#pragma once
// The credentials of one Config as they are now: files are looked at before each use and read again when they changed,
// so that Remint never becomes what it cures.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/base/file.hpp"
#include "remint/base/result.hpp"
#include "remint/kube/config.hpp"
#include "remint/kube/exec_plugin.hpp"
#include "remint/kube/tls.hpp"

namespace remint::kube {

/// What one request uses. Another `tls` pointer than last time means: make new connections.
struct CredentialSnapshot {
  std::shared_ptr<const TlsMaterial> tls;
  std::string bearer;  ///< empty: no Authorization header
};

/// Thread-safe; only one thread at a time runs the exec plugin, the others wait within their own deadline.
class Credentials {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Reads every file once, so that a wrong one is told at start. Does not run the exec plugin. `clock` must outlive
  /// it.
  [[nodiscard]] static Result<std::unique_ptr<Credentials>> make(const Config& config, const Clock& clock);

  /// After the first success a file that has become unreadable or broken keeps its last good content (and is logged
  /// once per change): a rotation caught half-way must not stop us.
  [[nodiscard]] Result<CredentialSnapshot> current(Deadline deadline, const std::stop_token& stop);
  /// After a 401 to a request that used `used`: reads everything again, stamps or no stamps. True when there is
  /// something newer than `used`.
  [[nodiscard]] bool renew(const CredentialSnapshot& used, Deadline deadline, const std::stop_token& stop);

 private:
  struct Watched {
    std::string path;
    FileStamp stamp;
    bool loaded = false;
  };

  Credentials(Config config, const Clock& clock);
  [[nodiscard]] bool changed(std::vector<Watched>& files, bool force) const;
  [[nodiscard]] Result<void> load_token(bool force);
  [[nodiscard]] Result<void> load_tls(bool force);
  [[nodiscard]] Result<TlsInput> read_tls() const;
  [[nodiscard]] Result<void> adopt_tls(const ExecCredential& exec);
  [[nodiscard]] Result<void> ensure_exec(std::unique_lock<std::mutex>& lock, bool force, Deadline deadline,
                                         const std::stop_token& stop);

  const Config config_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any exec_done_;
  std::vector<Watched> token_file_, tls_files_;
  std::string token_;
  TlsInput tls_input_;
  std::shared_ptr<const TlsMaterial> tls_;
  ExecCredential exec_;
  bool exec_valid_ = false, exec_running_ = false;
  std::uint64_t exec_runs_ = 0;
};

}  // namespace remint::kube
