#pragma once
// What a server counts. Every label set exists from the start.

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "remint/metrics/registry.hpp"

namespace remint::http {

/// Why a connection or a request was turned away before any handler could answer it.
enum class Rejection : std::uint8_t {
  kConnections,  ///< too many connections
  kHandshake,    ///< TLS: no, wrong or untrusted client certificate, not TLS at all, or too slow
  kHeaderTimeout,
  kHeaderTooLarge,
  kMalformed,  ///< not HTTP, or a shape that invites request smuggling
  kBodyTimeout,
  kBodyTooLarge,
  kBytesInFlight,
};
inline constexpr std::size_t kRejections = 8;

/// Thread-safe after construction.
class ServerMetrics {
 public:
  ServerMetrics(metrics::Registry& registry, const std::string& server);
  void answered(int status);
  void rejected(Rejection reason) { rejected_.at(static_cast<std::size_t>(reason))->add(); }
  void connections(double change) { connections_->add(change); }
  void received(std::size_t body_bytes) { received_->add(static_cast<double>(body_bytes)); }
  void certificate_loaded(bool good) { (good ? reloads_ : reload_errors_)->add(); }

 private:
  std::map<int, metrics::Counter*> by_code_;
  metrics::Counter* other_codes_;
  std::array<metrics::Counter*, kRejections> rejected_{};
  metrics::Gauge* connections_;
  metrics::Counter* received_;
  metrics::Counter* reloads_;
  metrics::Counter* reload_errors_;
};

}  // namespace remint::http
