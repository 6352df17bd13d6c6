#pragma once
// What all tokens, or all connections, of a cluster hang on was replaced: a signing key, a CA. Everything that was
// started before is suspect until it is heard again (kubernetes.md section 6.2: the API server refuses the old ones,
// and clients that read them once stay broken for ever).

#include <string>

#include "remint/base/time.hpp"
#include "remint/base/words.hpp"

namespace remint::detect {

struct TrustChange {
  Diagnosis diagnosis = Diagnosis::kSigningKeyChanged;  ///< or kCaChanged
  Time from{}, until{};  ///< when it was last seen as it had been, and first seen replaced: it happened in between
  std::string what;      ///< for people: "the API server does not serve signing key 4fK.. any more"
  friend bool operator==(const TrustChange&, const TrustChange&) = default;
};

/// For how long a change explains what fails. Later, whoever was silent since is no news.
inline constexpr Duration kTrustMemory = std::chrono::hours(24);

}  // namespace remint::detect
