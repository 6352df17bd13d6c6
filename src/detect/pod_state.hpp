#pragma once
// What the events said of one pod's authentication. Whatever order they come in, the same events lead to the same
// state: it is made of maxima of event times, and of a sorted list. (One exception, by its bound: when more than 128
// rejections were followed, in time, by a success that is heard of late, the run restarts at the oldest of the 128.)

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "clue_run.hpp"
#include "credentials.hpp"
#include "habits.hpp"
#include "log_agreement.hpp"
#include "remint/base/time.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect {

/// When a request was in the API server's hands: its log line on it is of that time.
struct RequestWindow {
  Time received{}, staged{};
  std::string audit_id;
};

/// The user agent of the newest of some requests, raw.
struct NewestAgent {
  Time at = Time::min();  ///< min: none yet
  std::string text;

  /// Of equal times the greater text, so that the order of events does not matter.
  void add(Time when, std::string_view agent) {
    agent = agent.substr(0, PodHealth::kMaxUserAgent);
    if (std::tie(when, agent) <= std::make_tuple(at, std::string_view(text))) return;
    at = when;
    text.assign(agent);
  }
};

/// Rejections since the last success.
class FailingRun {
 public:
  static constexpr std::size_t kMaxTimes = 128;
  static constexpr std::size_t kMaxNotes = 4;
  static constexpr std::size_t kMaxWindows = 16;

  void add(Time at);
  void add_window(RequestWindow window);
  /// Whether a note of that time would be kept.
  [[nodiscard]] bool wants_note(Time at) const { return notes_.size() < kMaxNotes || at >= notes_.front().time; }
  void add_note(Evidence note);
  /// Who sent a rejected request: the newest one's is kept, raw, cut to what PodHealth shows.
  void add_agent(Time at, std::string_view agent) { agent_.add(at, agent); }
  /// It was somebody else's after all; false when it is not here any more.
  bool take_out(const RequestWindow& window);
  /// The pod authenticated: what came before is over.
  void succeeded(Time at);

  [[nodiscard]] bool empty() const { return times_.empty(); }
  [[nodiscard]] Time since() const { return since_; }
  [[nodiscard]] Time last() const { return times_.back(); }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::vector<Time>& times() const { return times_; }
  [[nodiscard]] const std::vector<Evidence>& notes() const { return notes_; }
  /// Of the newest ones, sorted by time.
  [[nodiscard]] const std::vector<RequestWindow>& windows() const { return windows_; }
  [[nodiscard]] const NewestAgent& agent() const { return agent_; }

 private:
  std::vector<Time> times_;  // sorted, the newest
  std::vector<RequestWindow> windows_;
  std::vector<Evidence> notes_;  // sorted by time, then text, the newest
  NewestAgent agent_;
  std::uint64_t count_ = 0;
  Time since_ = Time::max();
};

/// The failing runs of one pod, by user agent: of two clients in it one may fail while the other is fine.
class FailingRuns {
 public:
  static constexpr std::size_t kMax = 4;  ///< further agents share the last one

  [[nodiscard]] FailingRun& of(Fold agent);
  /// A client with that agent was accepted. This says nothing about a run of another agent that `habits` know: that
  /// client was accepted once, and is not any more.
  void succeeded(Fold agent, Time at, const Habits& habits);
  void clear() { runs_.clear(); }

  [[nodiscard]] bool empty() const;
  [[nodiscard]] Time last() const;
  [[nodiscard]] const auto& all() const { return runs_; }

 private:
  struct AgentRun {
    Fold agent = 0;
    FailingRun run;
  };
  std::vector<AgentRun> runs_;
};

/// A pod that has not been accepted since something it hangs on was replaced.
struct Distrust {
  Diagnosis diagnosis = Diagnosis::kUnknown;
  Time since{};           ///< of the change
  double confidence = 0;  ///< that it is broken, and not merely silent
  std::string what;       ///< for people, sanitized
};

/// Kept only for pods that fail, use a stale token, are distrusted, or of which a clue speaks.
struct Accusation {
  std::string workload_uid;
  FailingRuns runs;      ///< from the pod's own address
  FailingRuns joined;    ///< from others' addresses: its own log names these requests
  IpAddress address;     ///< where the newest rejection came from
  Time address_since{};  ///< since when the pod is known to have it
  std::optional<Time> announced_stale_since;
  bool announced_kept = false;
  std::optional<Distrust> distrust;
  NewestAgent ageing_agent;  ///< of the requests with a stale token, or one kept past its renewal
  IpAddress joined_from;     ///< where one of the joined ones came from
  ClueRun log_clues;
  /// Not ended by a success: a CNI plugin's token is dead while the pod that wrote it to the node is accepted.
  ClueRun event_clues;

  [[nodiscard]] bool clued() const { return !log_clues.empty() || !event_clues.empty(); }
};

struct PodState {
  static constexpr Time kNever = Time::min();

  Time last_success = kNever;
  Time last_fresh = kNever;        ///< success with a token that is not stale
  Time last_stale = kNever;        ///< success with a stale one
  std::int64_t stale_seconds = 0;  ///< what the annotation said at last_stale
  std::unique_ptr<Accusation> accusation;
  std::unique_ptr<LogCries> cries;
  Habits habits;
  Credentials credentials;
  /// As its volumes say; asked for once a credential is minutes old. Negative: no token of it dies of not being
  /// re-read.
  std::chrono::seconds token_lifetime{0};
  std::vector<IpAddress> shared_addresses;  ///< from which it was accepted, other than its own; at most kMaxShared
  bool leaving = false;                     ///< known to be terminating, finished or gone
  Time gone = Time::max();                  ///< since when nothing of it runs

  static constexpr std::size_t kMaxShared = 4;

  /// Notes an address that it shares with others; false when it has kMaxShared others already.
  bool calls_from(const IpAddress& address);
  /// A client in it still uses a token that the kubelet must have replaced.
  [[nodiscard]] const Credential* kept_credential() const;
  [[nodiscard]] bool stale() const { return last_stale > last_fresh; }
  [[nodiscard]] const Distrust* distrust() const {
    return accusation && accusation->distrust ? &*accusation->distrust : nullptr;
  }
  [[nodiscard]] bool failing() const { return accusation && !(accusation->runs.empty() && accusation->joined.empty()); }
  [[nodiscard]] bool clued() const { return accusation && accusation->clued(); }
  /// Up to then a rejection of a client with that agent is no news.
  [[nodiscard]] Time healthy_until(Fold agent) const;
  [[nodiscard]] Time stale_since() const { return last_stale - std::chrono::seconds(stale_seconds); }
  [[nodiscard]] Time last_heard() const;

  /// A request with the pod's token was accepted; -1: not stale.
  void accepted(Time at, Fold agent, std::int64_t seconds_stale);
};

}  // namespace remint::detect
