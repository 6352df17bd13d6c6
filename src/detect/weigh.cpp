#include "weigh.hpp"

#include <algorithm>
#include <cmath>

namespace remint::detect {
namespace {

// How likely a pod's requests are to look like that once its token is dead, beside just as they did before.
constexpr double kAgentHere = 0.1;        // clients ask for more than one thing, and first for what we may have missed
constexpr double kAgentElsewhere = 0.02;  // a pod's way to the API server seldom changes
constexpr double kOtherAgent = 0.0002;    // programs do not change their names
constexpr double kNeverHeard = 0.002;     // most pods never call the API server

// A restart that did not help: what came in the place of the convicted fails as they did. Alone not enough to act upon
// (somebody else may call alike), with a second address or the API server's word it is.
// All heirs of a workload together weigh so much.
constexpr double kHeir = 4;

// Whom nobody has heard of can only be guessed at, by what it is called.
constexpr double kHinted = 25;
constexpr double kOwnNamespace = 2;

// What else tells.
constexpr double kDoomed = 20;
constexpr double kKnownToFail = 20;
constexpr double kNamed = 10;
constexpr double kNotTheNamed = 0.001;

// A watch ends, and in the same second the rejections begin: the client came back with a dead token. That somebody else
// happens to begin just then is as unlikely as the watch is long.
constexpr Duration kComesBackWithin = std::chrono::seconds(2);
constexpr Duration kEarly = std::chrono::seconds(1);  // events of one moment are told in any order
constexpr double kMostCoincidence = 20;

// Silence proves no more than this: programs are scaled down, wait for leadership, hang.
constexpr double kLeastSilence = 0.01;
// Past its usual interval a client's silence becomes unlikely so fast: clients call by the clock, watches within twice
// their shortest time.
constexpr double kPunctual = 3;

// A stranger who calls as a pod does that we know, or as nobody does. The first is what keeps a pod that merely is
// between two of its requests from being named: its weight is 1, too. (It was 0.15; of what was stated with 0.87 then,
// two fifths were true. Here half is said of it.)
constexpr double kStrangerWithKnownAgent = 1;
constexpr double kStranger = 0.3;

}  // namespace

double chance_of_silence(const Resemblance& seen, Duration silent) {
  if (seen.heard < 2 || seen.interval <= Duration::zero()) {
    return 1;  // one success, or two in the same moment, say nothing about how often it calls
  }
  // A mean of few is a poor one.
  const double usual = 1 + 1 / std::sqrt(static_cast<double>(seen.heard - 1));
  const double missed = std::chrono::duration<double>(silent) / std::chrono::duration<double>(seen.interval);
  return missed <= usual ? 1 : std::max(std::exp(-kPunctual * (missed - usual)), kLeastSilence);
}

double coincidence(const Signs& signs) {
  if (signs.pause < -kEarly || signs.pause > kComesBackWithin) {
    return 1;
  }
  const Duration lasted = std::max(signs.seen.ended - signs.seen.last, signs.seen.interval);
  return std::clamp(std::chrono::duration<double>(lasted) / std::chrono::duration<double>(kComesBackWithin + kEarly),
                    1.0, kMostCoincidence);
}

double weight(const Signs& signs) {
  using Match = Resemblance::Match;
  double sum = 0;
  if (signs.heirs > 0) {
    sum = kHeir / static_cast<double>(signs.heirs);
  } else if (!signs.history) {
    sum = kNeverHeard * (signs.hinted ? kHinted : 1) * (signs.own_namespace ? kOwnNamespace : 1);
  } else {
    switch (signs.seen.match) {
      case Match::kExact:
        sum = 1;
        break;
      case Match::kAgentHere:
        sum = kAgentHere;
        break;
      case Match::kAgentElsewhere:
        sum = kAgentElsewhere;
        break;
      case Match::kNone:
        sum = kOtherAgent;
        break;
    }
    sum *= coincidence(signs) / chance_of_silence(signs.seen, signs.silent);
  }
  // Twice, for who explains half of the requests leaves the other half to somebody who must have failed as well.
  sum *= signs.explained * signs.explained;
  sum *= signs.doomed ? kDoomed : 1;
  sum *= signs.known_to_fail ? kKnownToFail : 1;
  sum *= signs.log;
  sum *= signs.named ? kNamed : 1;
  sum *= signs.excluded_by_name ? kNotTheNamed : 1;
  return sum;
}

double weight_of_a_stranger(bool known_agent) { return known_agent ? kStrangerWithKnownAgent : kStranger; }

double weight_of_the_rest(std::size_t others, std::size_t silent) {
  return static_cast<double>(others) * kOtherAgent + static_cast<double>(silent) * kNeverHeard;
}

}  // namespace remint::detect
