#pragma once
// Reflectors that run only while somebody wants what they watch: a policy may ask for it, or no longer.

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "remint/runtime/reflector.hpp"

namespace remint::runtime {

/// One thread, and one for each reflector while they are wanted; start() and stop() belong to one thread.
class WantedWatch {
 public:
  /// `client` and `metrics` outlive it. `wanted` is asked on its thread, every `look_every`.
  WantedWatch(kube::Client& client, metrics::Registry& metrics, std::function<bool()> wanted,
              std::chrono::milliseconds look_every = std::chrono::seconds(1));
  ~WantedWatch();
  /// Before start(). When it is not wanted any more, the sink is told of a list with nothing in it.
  void add(ReflectorSettings settings, ReflectorSink& sink);
  void start();
  void stop();

 private:
  struct Watched {
    ReflectorSettings settings;
    ReflectorSink& sink;
    std::unique_ptr<Reflector> reflector{};
  };
  void begin();
  void end();

  kube::Client& client_;
  metrics::Registry& metrics_;
  const std::function<bool()> wanted_;
  const std::chrono::milliseconds look_every_;
  std::vector<Watched> watched_;
  bool running_ = false;  ///< of the thread
  std::jthread thread_;
};

}  // namespace remint::runtime
