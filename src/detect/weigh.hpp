#pragma once
// Which of several pods sent the rejected requests of one caller (address, user agent, shape)? Each candidate gets a
// weight: how likely the caller would look like this if the candidate, and nobody else, had lost its token. One more
// weight stands for somebody of whom we have never heard. A confidence is a share of the sum.
//
// Why a sum of products and not rules: no single sign decides. A user agent is shared, an interval is long, a pod is
// new; together they tell. The constants are in weigh.cpp with what they stand for, and tests/traces shows what
// confidences come true.

#include <cstddef>
#include <cstdint>

#include "habits.hpp"

namespace remint::detect {

/// What speaks for and against one pod.
struct Signs {
  Resemblance seen;
  bool history = false;  ///< the pod was heard at all while its token worked
  /// Not 0: never heard with that agent, but pods of its workload were convicted of just such requests; so many pods
  /// share that suspicion.
  std::size_t heirs = 0;
  double explained = 1;  ///< share of the rejections that came after its last success, and while it was there
  Duration silent{};     ///< from its last success with that agent to the newest rejection
  Duration pause = Duration::max();  ///< from the end of its last accepted request to the caller's first rejection
  bool hinted = false;               ///< never heard, but its image, command or name is what the user agent says
  bool own_namespace = false;        ///< the requests ask for its own namespace
  bool doomed = false;            ///< its token had to die: its last day had come, or its ServiceAccount was made anew
  bool known_to_fail = false;     ///< convicted by another caller from that address
  double log = 1;                 ///< what its own log says of the caller's rejections: see log_agreement.hpp
  bool named = false;             ///< the API server's log names it or its ServiceAccount
  bool excluded_by_name = false;  ///< the API server's log names another ServiceAccount
};

/// The probability that a client in good health would have been silent for so long, given how often it calls. 1 when
/// nothing is known of it.
[[nodiscard]] double chance_of_silence(const Resemblance& seen, Duration silent);

[[nodiscard]] double weight(const Signs& signs);

/// Of somebody unknown. `known_agent`: a candidate was heard with that agent.
[[nodiscard]] double weight_of_a_stranger(bool known_agent);

/// Of pods around that are no candidates: heard, but never with that agent; and never heard at all.
[[nodiscard]] double weight_of_the_rest(std::size_t others, std::size_t silent);

}  // namespace remint::detect
