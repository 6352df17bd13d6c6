#pragma once
// Rejected requests by their Audit-Id, and the pods whose logs print it: whichever of the two comes first waits for the
// other.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "pod_state.hpp"
#include "remint/base/ip.hpp"

namespace remint::detect {

/// A rejected request from an address that is no pod's own.
struct UnownedRequest {
  IpAddress address;
  std::uint64_t agent = 0, shape = 0;  ///< as of AuditRecord
  std::string user_agent;
  RequestWindow window;
  Evidence note;
  bool kept_by_caller = false;  ///< Callers have it, too
};

/// Not thread-safe. Bounded: kMax entries; of them kMaxElsewhere of requests from addresses where no pod was ever
/// heard, so that strangers' requests do not push out the others.
class ExactJoin {
 public:
  static constexpr std::size_t kMax = 8192;
  static constexpr std::size_t kMaxElsewhere = 2048;
  static constexpr Duration kMemory = std::chrono::minutes(10);

  struct Entry {
    std::optional<UnownedRequest> request;
    std::string pod_uid;     ///< whose log prints it; empty: nobody's
    bool contested = false;  ///< two pods' logs print it: one of them repeats what others log, so neither is believed
    bool joined = false;     ///< the request counts as the pod's
    Time heard{};            ///< when the first of both came
    bool elsewhere = false;
  };
  /// Whether one more request from an address where no pod was ever heard would be kept.
  [[nodiscard]] bool takes_elsewhere() const { return elsewhere_ < kMaxElsewhere; }
  /// Known, or new; when there is no room the oldest goes. Valid until the next call.
  [[nodiscard]] Entry& of(std::string_view audit_id, Time now);
  void note_elsewhere(Entry& entry) { elsewhere_ += std::exchange(entry.elsewhere, true) ? 0U : 1U; }
  void forget(Time before);

 private:
  void drop_oldest();

  std::unordered_map<std::string, Entry> entries_;  // by Audit-Id
  std::deque<std::string> order_;
  std::size_t elsewhere_ = 0;
};

}  // namespace remint::detect
