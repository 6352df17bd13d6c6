#include "remint/sources/batch_queue.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace remint::sources {
namespace {

// Kept for the next bodies. More would be memory that a burst took and nobody gives back.
constexpr std::size_t kKeptEmpties = 16;
// A batch of 400 events needs about 150 KB; buffers that one huge body has blown up are not kept.
constexpr std::size_t kKeptBytes = 1U << 20U;

}  // namespace

struct BatchQueue::Impl {
  struct Slot {
    std::unique_ptr<AuditDelivery> delivery;
    std::size_t bytes = 0;
  };

  Impl(BatchQueueLimits chosen, metrics::Registry& metrics)
      : limits(chosen),
        ring(std::max<std::size_t>(1, chosen.deliveries)),
        depth(metrics.gauge("remint_audit_queue_batches", "Audit batches that wait for detection.")),
        held(metrics.gauge("remint_audit_queue_bytes", "Memory of the audit batches that wait for detection.")),
        dropped(metrics.counter("remint_audit_events_dropped_total",
                                "Audit events thrown away before detection saw them.", {{"reason", "queue_full"}})) {
    empties.reserve(kKeptEmpties);
  }

  void publish() const {
    depth.set(static_cast<double>(count));
    held.set(static_cast<double>(bytes));
  }

  /// False, with nothing moved, when there is no room within this part of the limits. One alone always fits.
  bool put(std::unique_ptr<AuditDelivery>& delivery, std::size_t part) {
    const auto needed = delivery->batch.bytes();
    {
      const std::lock_guard lock(mutex);
      if (count > 0 && (count >= ring.size() / part || bytes + needed > limits.bytes / part)) return false;
      ring[(first + count) % ring.size()] = {std::move(delivery), needed};
      ++count;
      bytes += needed;
      publish();
    }
    if (wakeup) wakeup();
    return true;
  }

  const BatchQueueLimits limits;
  std::function<void()> wakeup;
  mutable std::mutex mutex;  ///< guards what follows
  std::vector<Slot> ring;
  std::size_t first = 0, count = 0, bytes = 0;
  std::vector<std::unique_ptr<AuditDelivery>> empties;
  metrics::Gauge& depth;
  metrics::Gauge& held;
  metrics::Counter& dropped;
};

BatchQueue::BatchQueue(BatchQueueLimits limits, metrics::Registry& metrics)
    : impl_(std::make_unique<Impl>(limits, metrics)) {}
BatchQueue::~BatchQueue() = default;

std::unique_ptr<AuditDelivery> BatchQueue::take_empty() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->empties.empty()) {
      auto delivery = std::move(impl_->empties.back());
      impl_->empties.pop_back();
      return delivery;
    }
  }
  return std::make_unique<AuditDelivery>();
}

bool BatchQueue::push(std::unique_ptr<AuditDelivery> delivery) {
  if (impl_->put(delivery, 1)) return true;
  impl_->dropped.add(static_cast<double>(delivery->report.events));
  recycle(std::move(delivery));
  return false;
}

bool BatchQueue::offer(std::unique_ptr<AuditDelivery>& delivery) { return impl_->put(delivery, 2); }

std::unique_ptr<AuditDelivery> BatchQueue::try_pop() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->count == 0) return nullptr;
  auto [delivery, bytes] = std::exchange(impl_->ring[impl_->first], {});
  impl_->first = (impl_->first + 1) % impl_->ring.size();
  --impl_->count;
  impl_->bytes -= bytes;
  impl_->publish();
  return std::move(delivery);
}

void BatchQueue::recycle(std::unique_ptr<AuditDelivery> delivery) {
  if (!delivery) return;
  if (const auto taken = std::exchange(delivery->taken, nullptr)) ++*taken;
  if (delivery->batch.bytes() > kKeptBytes) return;
  delivery->batch.clear();
  delivery->report = {};
  delivery->received_ns = 0;
  const std::lock_guard lock(impl_->mutex);
  if (impl_->empties.size() < kKeptEmpties) impl_->empties.push_back(std::move(delivery));
}

void BatchQueue::on_push(std::function<void()> wakeup) { impl_->wakeup = std::move(wakeup); }

std::size_t BatchQueue::size() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->count;
}

}  // namespace remint::sources
