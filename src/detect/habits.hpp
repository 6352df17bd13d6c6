#pragma once
// What a pod shows while its token works: caller learning. From successful requests alone, for these name their pod
// beyond doubt. One scan over a handful of entries per event, no allocation in the usual case.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "remint/base/ip.hpp"
#include "remint/base/time.hpp"

namespace remint::detect {

/// 64-bit hashes folded to 32 bits: within one pod's dozen habits that is enough.
using Fold = std::uint32_t;
[[nodiscard]] inline Fold fold(std::uint64_t hash) { return static_cast<Fold>(hash ^ (hash >> 32U)); }
[[nodiscard]] inline Fold fold(const IpAddress& address) { return fold(std::hash<IpAddress>()(address)); }

/// One way in which the pod calls: from where, as whom, for what.
struct Habit {
  Fold address = 0, agent = 0, shape = 0;
  std::uint32_t count = 0;  ///< at most one a second: a busy client costs no more than a quiet one
  Time first{}, last{};
  Time counted{};  ///< the newest that was counted
  Time ended{};    ///< when the last of them to end did: a watch lasts
};

/// Not thread-safe. The same successes in any order leave the same habits, as long as they are no more than kMax, but
/// for the count, where they are less than a second apart.
class Habits {
 public:
  static constexpr std::size_t kMax = 12;  ///< then the one that was not seen for longest goes

  /// True when the pod had not been seen at that address with that agent.
  bool learn(Fold address, Fold agent, Fold shape, Time at, Time ended);

  /// As an earlier process had learnt it; what has been learnt since is kept.
  void restore(const Habit& habit);

  [[nodiscard]] std::span<const Habit> all() const { return habits_; }
  [[nodiscard]] bool empty() const { return habits_.empty(); }
  /// Its last success with that agent; nothing: never.
  [[nodiscard]] std::optional<Time> last_of(Fold agent) const;
  [[nodiscard]] bool know(Fold agent) const { return last_of(agent).has_value(); }
  void forget_before(Time before);

 private:
  std::vector<Habit> habits_;
};

/// What the habits say of one rejected caller.
struct Resemblance {
  enum class Match : std::uint8_t {
    kNone,            ///< the pod was heard, and never with that agent
    kAgentElsewhere,  ///< with that agent, from another address
    kAgentHere,       ///< with that agent from that address, asking for other things
    kExact,           ///< just such requests
  };
  Match match = Match::kNone;
  Time last = Time::min();   ///< its last success with that agent, wherever and for whatever
  Duration interval{};       ///< between its successes with that agent, in the mean; zero: not known
  Time ended = Time::min();  ///< when the last of them to end did
  std::uint32_t heard = 0;   ///< so many successes with that agent were counted
};
[[nodiscard]] Resemblance resemblance(const Habits& habits, Fold address, Fold agent, Fold shape);

}  // namespace remint::detect
