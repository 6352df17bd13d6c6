#pragma once
// A TCP proxy before any server, which can be made to misbehave while it runs.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace remint::testing {

/// What happens to the bytes from the server to the client. Everything may change at any time, also for open
/// connections.
struct ProxyFaults {
  bool refuse = false;                   ///< connecting is refused; open connections go on
  bool stall = false;                    ///< bytes stop, both ways; connections stay open
  std::optional<std::size_t> cut_after;  ///< each connection is closed after so many bytes since this was set
  bool reset = false;                    ///< cut with RST instead of FIN
  std::size_t slice = 0;                 ///< so many bytes at a time, each its own packet; 0: as they come
  std::chrono::milliseconds delay{0};    ///< before each piece
};

/// Listens on 127.0.0.1, at most 256 connections. Thread-safe.
class FaultProxy {
 public:
  explicit FaultProxy(std::uint16_t upstream_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  [[nodiscard]] std::uint16_t port() const;
  /// Replaces all faults; {} heals.
  void set(const ProxyFaults& faults);
  /// Cuts the connections that are open now.
  void cut_all();
  [[nodiscard]] std::size_t open_connections() const;
  /// Connections accepted since the start.
  [[nodiscard]] std::size_t accepted() const;
  /// Cut by `cut_after` since the start.
  [[nodiscard]] std::size_t cuts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::testing
