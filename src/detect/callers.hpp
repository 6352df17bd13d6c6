#pragma once
// Rejections from addresses that many pods share (a node's: host network or source NAT; a gateway's; a load
// balancer's), kept by caller: address, user agent, shape of request. Who a caller is, is judged anew from the pods'
// habits whenever something about it has changed.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "attribution.hpp"
#include "owners.hpp"
#include "pod_state.hpp"
#include "remint/detect/audit.hpp"
#include "remint/detect/inventory.hpp"
#include "remint/detect/reason_join.hpp"

namespace remint::detect {

/// A caller's rejections, as they accuse one pod.
struct SharedAccusation {
  std::string pod_uid;
  IpAddress address;
  std::vector<Time> rejections;  ///< after the pod's last success, oldest first
  std::vector<Evidence> notes;
  std::vector<RequestWindow> windows;
  double confidence = 0;
  std::string others;  ///< who else it may have been
  std::vector<std::string> reasons;
};

/// Not thread-safe. Bounded: kMaxCallers callers, of these kMaxPerAddress at one address, so that nobody who makes up
/// user agents pushes out the others; a caller that is quiet for long is forgotten.
class Callers {
 public:
  static constexpr std::size_t kMaxCallers = 4096;
  static constexpr std::size_t kMaxPerAddress = 256;
  static constexpr std::size_t kMaxResidents = 20'000;  ///< pods known at one address

  /// What it is to look things up in; all outlive it.
  struct Sources {
    const DetectorSettings& settings;
    const Inventory& inventory;
    const ReasonJoin& reasons;
    const TextMap<PodState>& pods;  ///< by UID
  };
  explicit Callers(Sources sources) : from_(sources) {}

  /// The pod was accepted from an address that is not its own.
  void settle(const IpAddress& address, std::string_view pod_uid);
  void leave(const PodState& state, std::string_view pod_uid);
  [[nodiscard]] bool shared(const IpAddress& address) const { return residents_.contains(address); }

  enum class Taken : std::uint8_t { kAttributed, kUnattributed, kFull };
  /// kAttributed: as the caller is judged at present, its sender is known well enough.
  Taken rejected(const AuditBatch& batch, const AuditRecord& record);
  /// The pod is terminating or gone at that time: what it explained is over.
  void gone(std::string_view pod_uid, Time at);
  /// Judges what changed; adds the workloads that are accused, or were, to `changed`.
  void judge_changed(Time now, std::set<std::string>& changed);
  /// Forgets callers that have been quiet since `before`; adds whom they accused.
  void forget(Time before, std::set<std::string>& changed);

  /// Judged anew; only callers that still accuse this workload, and its pods that are alive.
  [[nodiscard]] std::vector<SharedAccusation> accusations_of(std::string_view workload_uid) const;
  [[nodiscard]] std::vector<std::string> accused() const;

 private:
  struct Key {
    IpAddress address;
    std::uint64_t agent = 0, shape = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Caller {
    std::string agent;    ///< sanitized
    std::string request;  ///< "configmaps in shop", sanitized
    std::string ns;
    FailingRun run;
    std::string accused;  ///< workload UID; empty: nobody
    double confidence = 0;
    Time judged{};
  };
  using Entry = std::map<Key, Caller>::value_type;

  [[nodiscard]] Verdict verdict_on(const Key& key, const Caller& caller) const;
  [[nodiscard]] std::vector<std::string_view> around(const IpAddress& address) const;
  [[nodiscard]] std::string place_of(const IpAddress& address, std::size_t pods_around) const;
  [[nodiscard]] bool convicted(std::string_view workload_uid, const Key& key) const;
  void accuse(Entry& entry, std::string workload_uid, double confidence, std::set<std::string>& changed);

  [[nodiscard]] static Candidate candidate_of(std::string_view uid, const std::optional<PodView>& view);
  /// "namespace/name" when the API server's log names the ServiceAccount of the tokens.
  [[nodiscard]] std::string named_account(const Caller& caller) const;

  Sources from_;
  std::map<Key, Caller> callers_;  // by address first: those at one address are neighbours
  std::unordered_map<IpAddress, std::size_t> at_address_;
  std::unordered_map<IpAddress, std::set<std::string, std::less<>>> residents_;
  TextMap<std::set<Key>> by_workload_;
  std::set<Key> unjudged_;
};

}  // namespace remint::detect
