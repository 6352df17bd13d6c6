#pragma once
// A reflector at work, beside the truth.

#include "fixture.hpp"
#include "support/wait_until.hpp"

namespace remint::component {

/// A mirror of the server's ConfigMaps, perhaps through a proxy.
struct Mirrored {
  explicit Mirrored(std::uint16_t port, runtime::ReflectorSettings settings = quick_reflector())
      : connected(config_for(port)), reflector(connected.client, std::move(settings), mirror, connected.metrics) {
    reflector.start();
  }
  bool converges(const testing::FakeApiServer& server) {
    return testing::wait_until([&] { return reflector.synced() && mirror.now() == truth(server); });
  }
  Mirror mirror;
  Connected connected;
  runtime::Reflector reflector;
};

}  // namespace remint::component
