#include "remint/runtime/wanted_watch.hpp"

#include "remint/base/clock.hpp"

namespace remint::runtime {

WantedWatch::WantedWatch(kube::Client& client, metrics::Registry& metrics, std::function<bool()> wanted,
                         std::chrono::milliseconds look_every)
    : client_(client), metrics_(metrics), wanted_(std::move(wanted)), look_every_(look_every) {}

WantedWatch::~WantedWatch() { stop(); }

void WantedWatch::add(ReflectorSettings settings, ReflectorSink& sink) {
  watched_.push_back({std::move(settings), sink});
}

void WantedWatch::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    do {
      const bool wanted = wanted_();
      if (wanted && !running_) begin();
      if (!wanted && running_) end();
    } while (sleep_for(look_every_, stop));
    for (auto& each : watched_) each.reflector.reset();
  });
}

void WantedWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void WantedWatch::begin() {
  running_ = true;
  for (auto& each : watched_) {
    each.reflector = std::make_unique<Reflector>(client_, each.settings, each.sink, metrics_);
    each.reflector->start();
  }
}

void WantedWatch::end() {
  running_ = false;
  for (auto& each : watched_) {
    each.reflector.reset();
    each.sink.begin_list();
    each.sink.end_list();
  }
}

}  // namespace remint::runtime
