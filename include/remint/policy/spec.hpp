#pragma once
// The spec of ClusterTokenRefreshPolicy and TokenRefreshPolicy as values. Fields appear here, in the CRDs and in the
// parser when their behaviour exists, and not before. Defaults are the CRDs' defaults.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/object.hpp"
#include "remint/base/time.hpp"
#include "remint/base/words.hpp"
#include "remint/policy/storm.hpp"
#include "remint/policy/window.hpp"

namespace remint::policy {

using Labels = std::map<std::string, std::string, std::less<>>;

/// Ordered from careful to bold.
enum class Mode : std::uint8_t { kObserve, kApprove, kEnforce };
std::string_view to_string(Mode mode);
std::optional<Mode> parse_mode(std::string_view text);

/// A metav1.LabelSelector; empty matches everything.
struct LabelSelector {
  enum class Operator : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist };
  struct Requirement {
    std::string key;
    Operator op = Operator::kExists;
    std::vector<std::string> values;
  };
  Labels match_labels;
  std::vector<Requirement> match_expressions;
  [[nodiscard]] bool matches(const Labels& labels) const;
};

/// Shell-style: '*' stands for any characters, all others for themselves. Linear in the text for each '*'.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

struct Match {
  std::vector<std::string> include_namespaces;  ///< empty: all; shell-style '*' is allowed
  std::vector<std::string> exclude_namespaces;
  LabelSelector namespace_selector;
  LabelSelector selector;  ///< labels of the workload
  /// By name. People may add kinds of controllers that Remint does not know, such as CloneSet.
  std::vector<std::string> kinds{"Deployment", "StatefulSet",           "DaemonSet",
                                 "ReplicaSet", "ReplicationController", "Pod"};
};

struct StaleTokenSignal {
  bool enabled = true;
  Duration after = std::chrono::hours(1);
};

struct RejectedTokenSignal {
  bool enabled = true;
  std::uint32_t count = 3;  ///< 1 to 100
  Duration within = std::chrono::minutes(2);
  Duration for_ = std::chrono::seconds(30);
};

/// Lines of the pods' own logs in which a client says that its token was refused.
struct PodLogSignal {
  bool enabled = false;
  std::vector<std::string> patterns;  ///< RE2, beside the known client lines; see detect/pod_log.hpp for their bounds
  /// Counts by itself, as rejectedToken does (and with its thresholds). False: supports what the audit log says.
  bool sufficient = false;
};

/// Events that say a token was refused, and whom they accuse.
struct KubernetesEventSignal {
  /// The pod that the Event is about; or the pod of a DaemonSet on that pod's node.
  enum class Accuses : std::uint8_t { kInvolvedPod, kDaemonSetOnNode };
  struct Mapping {
    std::string reason;   ///< of the Event, exactly; empty: any
    std::string pattern;  ///< RE2 in its message
    Accuses accuses = Accuses::kInvolvedPod;
    std::string ns, name;  ///< of the DaemonSet; name may have '*'
    friend bool operator==(const Mapping&, const Mapping&) = default;
  };
  bool enabled = false;
  std::vector<Mapping> mappings;  ///< beside the known ones (CNI plugins)
  bool sufficient = false;        ///< as of podLog
};

/// Not accepted any more since a signing key, the CA or its ServiceAccount was replaced.
struct TrustChangeSignal {
  bool enabled = true;
  bool secrets = false;                       ///< legacy token Secrets, too: their metadata is watched
  Duration after = std::chrono::minutes(15);  ///< so long after it; a watch is renewed within ten minutes
};

struct Limits {
  Duration cooldown = std::chrono::minutes(30);  ///< per workload, from the end of its last restart
  std::uint32_t max_per_hour = 20;               ///< restarts begun by this policy in the last hour
  std::uint32_t max_concurrent = 2;              ///< restarts of this policy that are under way
  /// Under way at once, as a share of the cluster's (of a namespace's) workloads, rounded down; one is always allowed.
  std::uint32_t max_workloads_percent = 10;
  std::uint32_t max_namespace_percent = 100;
  /// Under way at once among workloads whose pods one PodDisruptionBudget covers.
  std::uint32_t max_concurrent_per_budget = 1;
  /// Planned restarts are spread over this share of the window, each workload at its own place in it; 0: all at its
  /// beginning.
  std::uint32_t spread_percent = 80;
};

/// How a strategy works, where there is a choice.
struct StrategyOptions {
  Duration update_period = std::chrono::seconds(10);  ///< RollingReplace: at least this long between two pods
  bool keep_new_name = false;  ///< RollingReplace: leave the second controller's name, do not give the old one back
  bool keep_node = false;      ///< Recreate: onto the same node
  friend bool operator==(const StrategyOptions&, const StrategyOptions&) = default;
};

struct ListedStrategy {
  Strategy type = Strategy::kNone;
  StrategyOptions options;
  friend bool operator==(const ListedStrategy&, const ListedStrategy&) = default;
};
/// By kind; tried in this order. A kind that is not in it has its default list (strategy.hpp).
using StrategyLists = std::map<std::string, std::vector<ListedStrategy>, std::less<>>;

struct Gentle {
  /// Evict the affected pods, before anything that replaces all, when they are at most this share of the replicas.
  /// 0 switches it off.
  std::uint32_t max_affected_percent = 25;
};

struct Breaker {
  std::uint32_t failures = 2;  ///< so many restarts of a workload in a row did not help; at least its list's length
  Duration open_for = std::chrono::hours(24);  ///< then none for so long, and one more try after it
  /// So many restarts of the policy in a row, of whichever workloads, did not help: none of it for open_for, and one
  /// more try after it. 0 switches it off.
  std::uint32_t policy_failures = 5;
};

struct ApprovalSpec {
  Duration expires_after = std::chrono::hours(24);  ///< who is not answered by then is asked again after the cooldown
};

struct Spec {
  bool suspend = false;  ///< nothing is begun, and nothing that was begun goes on
  Mode mode = Mode::kObserve;
  std::int32_t priority = 0;
  Match match;
  StaleTokenSignal stale_token;
  RejectedTokenSignal rejected_token;
  PodLogSignal pod_log;
  KubernetesEventSignal kubernetes_event;
  TrustChangeSignal trust_change;
  double min_confidence = 0.9;
  StrategyLists strategies;
  Gentle gentle;
  Limits limits;
  Breaker breaker;
  WindowSet windows;                                ///< of planned restarts: of tokens that are still accepted
  Duration urgent_before = std::chrono::hours(72);  ///< a token that breaks sooner than this waits for no window
  StormSpec storm;
  ApprovalSpec approval;
  Duration verification_observe = std::chrono::minutes(10);
};

/// A policy that is in force: its last good spec.
struct Policy {
  std::string kind;  ///< "ClusterTokenRefreshPolicy" or "TokenRefreshPolicy"
  ObjectKey key;
  std::string uid;
  std::int64_t generation = 0;  ///< of the spec in force
  Spec spec;
  [[nodiscard]] bool cluster() const { return key.ns.empty(); }
  /// "ClusterTokenRefreshPolicy/default", "TokenRefreshPolicy/shop/default"
  [[nodiscard]] std::string reference() const;
};

}  // namespace remint::policy
