#pragma once
// Bodies as cpprestsdk wants them: what a request sends, and where a response goes. Included by the cpprest files
// alone.

#include <cpprest/streams.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "exchange.hpp"

namespace remint::kube {

/// Whether a request's body can have left. Shut by the one who leaves early, it also keeps the body from leaving later.
class BodyGate {
 public:
  [[nodiscard]] bool pass() {
    State expected = State::kNew;
    return state_.compare_exchange_strong(expected, State::kPassed) || expected == State::kPassed;
  }
  /// True when nothing has passed, and now never will.
  [[nodiscard]] bool shut() {
    State expected = State::kNew;
    return state_.compare_exchange_strong(expected, State::kShut) || expected == State::kShut;
  }

 private:
  enum class State : std::uint8_t { kNew, kPassed, kShut };
  std::atomic<State> state_{State::kNew};
};

/// A request body that can be read once, and only while the gate is open.
[[nodiscard]] concurrency::streams::istream make_body_source(std::string body, std::shared_ptr<BodyGate> gate);

/// Passes a response's body to the Exchange.
[[nodiscard]] concurrency::streams::ostream make_body_sink(std::shared_ptr<Exchange> exchange);

}  // namespace remint::kube
