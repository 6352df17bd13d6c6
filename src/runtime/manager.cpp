#include "remint/runtime/manager.hpp"

#include <algorithm>
#include <utility>

#include "remint/base/log.hpp"

namespace remint::runtime {

void Manager::add(Part part) { parts_.push_back(std::move(part)); }

Result<void> Manager::start() {
  while (started_ < parts_.size()) {
    auto& part = parts_[started_];
    log::debug("Starting", {{"part", part.name}});
    if (const auto begun = part.start(); !begun) {
      stop(kGraceAfterFailedStart);
      return fail_in(begun.error(), part.name);
    }
    ++started_;
  }
  return {};
}

void Manager::stop(std::chrono::milliseconds grace) {
  using std::chrono::milliseconds;
  const auto end = clock_.steady_now() + grace;
  const auto reserve =
      started_ == 0 ? milliseconds(0) : std::min(kReserve, grace / (2 * static_cast<milliseconds::rep>(started_)));
  while (started_ > 0) {
    // First, so that a part is never stopped twice.
    --started_;
    auto& part = parts_[started_];
    const auto begun = clock_.steady_now();
    const auto left =
        std::chrono::floor<milliseconds>(end - begun) - reserve * static_cast<milliseconds::rep>(started_);
    const auto deadline = std::max(milliseconds(0), left);
    part.stop(deadline);
    const auto took = std::chrono::floor<milliseconds>(clock_.steady_now() - begun);
    if (took > deadline) {
      log::warn("A part stopped later than it should have",
                {{"part", part.name}, {"took_ms", took.count()}, {"deadline_ms", deadline.count()}});
    } else {
      log::debug("Stopped", {{"part", part.name}, {"took_ms", took.count()}});
    }
  }
}

}  // namespace remint::runtime
