#pragma once
// The bounded hand-over from the server's I/O threads to the one detection thread. Pushing never blocks; buffers go
// round, so that intake allocates nothing once it is warm.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "remint/detect/audit.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::sources {

/// A decoded body on its way.
struct AuditDelivery {
  detect::AuditBatch batch;
  detect::AuditReport report;
  std::int64_t received_ns = 0;  ///< steady time when the body was complete: for the latency metric
  /// Counted up when the consumer has given the delivery back: who reads a file knows by it how far detection is.
  std::shared_ptr<std::atomic<std::uint64_t>> taken{};
};

struct BatchQueueLimits {
  std::size_t deliveries = 1024;
  std::size_t bytes = 64U << 20U;  ///< of decoded records; one delivery alone is always taken
};

/// Thread-safe.
class BatchQueue {
 public:
  BatchQueue(BatchQueueLimits limits, metrics::Registry& metrics);
  ~BatchQueue();
  /// An empty delivery to fill: a recycled one when there is any.
  [[nodiscard]] std::unique_ptr<AuditDelivery> take_empty();
  /// False when full: the delivery was dropped, counted, and recycled.
  [[nodiscard]] bool push(std::unique_ptr<AuditDelivery> delivery);
  /// For who can wait: false, with the delivery left where it is and nothing counted, when there is no room. The last
  /// half of the room is for those who cannot, so that a file that is caught up with sheds no other's events.
  [[nodiscard]] bool offer(std::unique_ptr<AuditDelivery>& delivery);
  /// The next one, or nothing. Never waits: the consumer sleeps on its own condition, which `wakeup` rings.
  [[nodiscard]] std::unique_ptr<AuditDelivery> try_pop();
  /// Gives a consumed delivery's memory back.
  void recycle(std::unique_ptr<AuditDelivery> delivery);
  /// Called after each push, on the pusher's thread. Set once, before the first push.
  void on_push(std::function<void()> wakeup);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::sources
