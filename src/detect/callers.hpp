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
#include "exact_join.hpp"
#include "owners.hpp"
#include "pod_state.hpp"
#include "remint/detect/audit.hpp"
#include "remint/detect/inventory.hpp"
#include "remint/detect/reason_join.hpp"
#include "residents.hpp"

namespace remint::detect {

/// A caller's rejections, as they accuse one pod.
struct SharedAccusation {
  std::string pod_uid;
  IpAddress address;
  std::vector<Time> rejections;  ///< after the pod's last success, oldest first
  std::vector<Evidence> notes;
  std::vector<RequestWindow> windows;
  std::string agent;  ///< user agent, sanitized
  double confidence = 0;
  std::string others;  ///< who else it may have been
  std::vector<std::string> reasons;
  std::vector<std::string> suspects;  ///< UIDs, likeliest first
};

/// Not thread-safe. Bounded: kMaxCallers callers, of these kMaxPerAddress at one address; and kMaxStrangers there whose
/// user agent no pod was accepted with, so that nobody who makes up user agents keeps out those who can be named. A
/// caller that is quiet for long is forgotten.
class Callers {
 public:
  static constexpr std::size_t kMaxCallers = 4096;
  static constexpr std::size_t kMaxPerAddress = 256;
  static constexpr std::size_t kMaxStrangers = 64;
  static constexpr std::size_t kMaxHeirs = 128;
  static constexpr double kSure = 0.9;  ///< a caller that is attributed so surely is one pod's

  /// What it is to look things up in; all outlive it.
  struct Sources {
    const DetectorSettings& settings;
    const Inventory& inventory;
    const ReasonJoin& reasons;
    const TextMap<PodState>& pods;  ///< by UID
  };
  explicit Callers(Sources sources) : from_(sources) {}

  /// Who was accepted from which address; the detector keeps it.
  [[nodiscard]] Residents& residents() { return residents_; }

  enum class Taken : std::uint8_t { kAttributed, kUnattributed, kFull };
  /// kAttributed: as the caller is judged at present, its sender is known well enough.
  Taken rejected(const AuditBatch& batch, const AuditRecord& record);
  /// The request is known to be a pod's own; and when it is not, after all: false when there is no such caller any
  /// more.
  void take_out(const UnownedRequest& request);
  bool put_back(const UnownedRequest& request);
  /// Whether a pod of another workload, alive, is known for just such requests from there, and had fallen silent.
  [[nodiscard]] bool another_may_have_sent(const UnownedRequest& request, std::string_view workload_uid) const;
  /// A pod's own log says something new; of the pod's node, and of addresses from which it was heard.
  void log_changed(std::string_view node, const std::vector<IpAddress>& addresses);
  /// The pod is on its way out at that time, or has ended: what it explained is over.
  void gone(std::string_view pod_uid, Time at);
  /// Judges what changed; adds the workloads that are accused, or were, to `changed`.
  void judge_changed(Time now, std::set<std::string>& changed);
  /// Nobody listened before: a silence until then says nothing. All callers are judged anew.
  void listening_since(Time since);
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
    std::string accused;   ///< workload UID; empty: nobody
    std::string sole_pod;  ///< UID, when only one pod of it is meant
    std::string left;      ///< UID of the pod whose rejections it was, until it began to terminate
    double confidence = 0;
    Time judged{};
    bool stranger = false;  ///< when it was first heard no pod was known with that agent there
  };
  struct Count {
    std::size_t all = 0, strangers = 0;
  };
  using Entry = std::map<Key, Caller>::value_type;
  /// What was asked how; whoever is convicted of it may fail in the same way after a restart.
  using Manner = std::pair<Fold, Fold>;  ///< user agent, shape
  struct Around {
    std::vector<const KnownPod*> heard;    ///< with that agent
    std::vector<std::string_view> silent;  ///< never heard at all
    std::size_t others = 0;                ///< heard, with other agents
    std::size_t pods = 0;
  };

  [[nodiscard]] Verdict verdict_on(const Key& key, const Caller& caller) const;
  [[nodiscard]] Around look_around(const Key& key) const;
  [[nodiscard]] std::string place_of(const Key& key, const Around& around) const;
  /// `account`: "namespace/name" that the API server's log names; empty: none. Nothing: not a candidate.
  [[nodiscard]] std::optional<Candidate> weigh_known(const Key& key, const Caller& caller, const KnownPod& pod,
                                                     const std::string& account) const;
  /// Adds the pods of once convicted workloads that nobody has heard with that agent; kMaxHeirs of each.
  void weigh_heirs(const Key& key, const Caller& caller, const std::string& account,
                   std::vector<Candidate>& candidates) const;
  [[nodiscard]] std::optional<Candidate> weigh_silent(const Caller& caller, std::string_view uid,
                                                      const std::string& account) const;
  /// Whether another caller from that address is surely this workload's.
  [[nodiscard]] bool convicted(std::string_view workload_uid, const Key& key) const;
  void accuse(Entry& entry, Verdict verdict, std::set<std::string>& changed);
  void convict(Manner manner, const Caller& caller);

  /// "namespace/name" when the API server's log names the ServiceAccount of the tokens.
  [[nodiscard]] std::string named_account(const Caller& caller) const;

  Sources from_;
  std::map<Key, Caller> callers_;  // by address first: those at one address are neighbours
  std::unordered_map<IpAddress, Count> at_address_;
  Residents residents_;
  TextMap<std::set<Key>> by_workload_;
  std::map<Manner, std::map<std::string, Time>> convictions_;  // of workloads, by UID; at most kMaxCallers manners
  std::set<Key> unjudged_;
  Time listening_since_ = Time::min();
};

}  // namespace remint::detect
