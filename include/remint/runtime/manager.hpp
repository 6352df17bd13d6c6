#pragma once
// Ordered start and stop. Groups start in the order in which they were added and stop in reverse; a start that fails
// stops what had begun. The order is written where the process is put together (app/run).

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "remint/base/clock.hpp"
#include "remint/base/result.hpp"

namespace remint::runtime {

struct Part {
  std::string name;
  std::function<Result<void>()> start;                           ///< returns when the part serves (or has begun to)
  std::function<void(std::chrono::milliseconds deadline)> stop;  ///< must return within the deadline
};

/// Not thread-safe: the main thread's.
class Manager {
 public:
  /// What stopping may take after a start that failed.
  static constexpr std::chrono::seconds kGraceAfterFailedStart{5};
  /// Kept back for each part that is still to be stopped, so that a slow one does not leave the lease unreleased.
  static constexpr std::chrono::milliseconds kReserve{200};

  explicit Manager(const Clock& clock = system_clock()) : clock_(clock) {}
  void add(Part part);
  /// The error names the part. A part that did not start is not stopped.
  [[nodiscard]] Result<void> start();
  /// Stops all started parts in reverse order within `grace` in all; logs what took long. Idempotent.
  void stop(std::chrono::milliseconds grace);

 private:
  const Clock& clock_;
  std::vector<Part> parts_;
  std::size_t started_ = 0;
};

}  // namespace remint::runtime
