#pragma once
// Rejected requests by their Audit-Id, and the pods whose logs print it: whichever of the two comes first waits for the
// other.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

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

/// Not thread-safe. Bounded: kMax entries; of them kMaxClaims of one pod, so that one that prints Audit-Ids without end
/// does not push out the others.
class ExactJoin {
 public:
  static constexpr std::size_t kMax = 8192;
  static constexpr std::size_t kMaxClaims = 256;
  static constexpr Duration kMemory = std::chrono::minutes(10);

  struct Entry {
    std::optional<UnownedRequest> request;
    std::string pod_uid;     ///< whose log prints it; empty: nobody's
    bool contested = false;  ///< two pods' logs print it: one of them repeats what others log, so neither is believed
    bool joined = false;     ///< the request counts as the pod's
    Time heard{};            ///< when the first of both came
  };
  /// Whether one more request that its log names would be kept.
  [[nodiscard]] bool may_claim(const std::string& pod_uid) const {
    const auto found = claims_.find(pod_uid);
    return found == claims_.end() || found->second < kMaxClaims;
  }
  /// Its log is the first that names the request.
  void claim(Entry& entry, const std::string& pod_uid) {
    entry.pod_uid = pod_uid;
    ++claims_[pod_uid];
  }
  /// Known, or new; when there is no room the oldest goes. Valid until the next call.
  [[nodiscard]] Entry& of(std::string_view audit_id, Time now);
  void forget(Time before);

 private:
  void drop_oldest();

  std::unordered_map<std::string, Entry> entries_;  // by Audit-Id
  std::deque<std::string> order_;
  std::unordered_map<std::string, std::size_t> claims_;  // by pod UID
};

}  // namespace remint::detect
