#pragma once
// Looks at what the cluster's trust hangs on, now and then: the keys with which tokens are signed (GET /openid/v1/jwks,
// which every ServiceAccount may read by default) and the CA bundle (ConfigMap kube-root-ca.crt of Remint's own
// namespace). What it saw is kept in a ConfigMap: whoever leads after a change still notices it.

#include <functional>
#include <string>
#include <thread>

#include "remint/base/clock.hpp"
#include "remint/kube/client.hpp"
#include "remint/metrics/registry.hpp"
#include "remint/sources/trust_state.hpp"

namespace remint::sources {

struct TrustWatchSettings {
  ObjectKey memory;           ///< the ConfigMap that is written; where there is none it is remembered in memory alone
  std::string own_namespace;  ///< whose kube-root-ca.crt is read
  Duration look_every = std::chrono::seconds(30);
};

struct TrustWatchHooks {
  std::function<bool()> may_act;                     ///< leads, and the caches are whole
  std::function<void(detect::TrustChange)> changed;  ///< of this or an earlier leader's time; not for ever once
  std::function<void(bool)> tokens_repeat;           ///< TrustState::tokens_repeat, before the first change and anew
};

/// One thread; start() and stop() belong to one thread.
///
/// Metrics: remint_trust_changes_total{what} and remint_trust_readable{what} with what signing_keys or ca.
class TrustWatch {
 public:
  /// `client`, `clock` and `metrics` outlive it.
  TrustWatch(kube::Client& client, TrustWatchSettings settings, const Clock& clock, metrics::Registry& metrics,
             TrustWatchHooks hooks);
  ~TrustWatch();
  void start();
  void stop();
  /// One look; public for tests.
  void look(const std::stop_token& stop);

 private:
  /// False: to be tried again.
  bool restore(const std::stop_token& stop);
  [[nodiscard]] Result<SigningKeys> signing_keys(const std::stop_token& stop);
  [[nodiscard]] Result<std::vector<std::string>> certificates(const std::stop_token& stop);
  void save(const std::stop_token& stop);

  struct Watched {
    metrics::Counter& changes;
    metrics::Gauge& readable;
    std::string problem{};  ///< already told
  };
  [[nodiscard]] static Watched watched(metrics::Registry& metrics, const char* what);
  /// Whether there is something to compare.
  template <class T>
  static bool readable(Watched& watched, const char* what, const Result<T>& ids);
  void tell(Watched& watched, std::optional<detect::TrustChange> change);

  kube::Client& client_;
  const TrustWatchSettings settings_;
  const Clock& clock_;
  const TrustWatchHooks hooks_;
  Watched keys_, ca_;
  TrustState state_, saved_;
  bool restored_ = false, kept_ = true;
  std::jthread thread_;
};

}  // namespace remint::sources
