#pragma once
// What the cluster's trust hung on when it was last looked at, and what became of it. Pure: the watch asks, this
// compares. As text it outlives the process, for a new signing key ends Remint's own token, too.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/detect/trust.hpp"

namespace remint::sources {

/// One of the things that are watched: the ids of all that is trusted now.
struct Trusted {
  std::vector<std::string> ids;  ///< sorted; empty: never seen
  Time seen{};                   ///< when they were last found so
  friend bool operator==(const Trusted&, const Trusted&) = default;
};

struct SigningKeys {
  std::vector<std::string> ids;  ///< sorted
  /// Legacy tokens come out the same whenever they are signed: there is one key, and it is RSA. Of several nobody
  /// knows which one signed what.
  bool tokens_repeat = false;
  friend bool operator==(const SigningKeys&, const SigningKeys&) = default;
};

struct TrustState {
  Trusted signing_keys;                      ///< key ids
  bool tokens_repeat = false;                ///< as they were last seen
  Trusted ca;                                ///< fingerprints of certificates
  std::vector<detect::TrustChange> changes;  ///< the newest of each diagnosis
  friend bool operator==(const TrustState&, const TrustState&) = default;
};

/// The keys of a JWKS by their `kid`s. kInvalid when it is none, or names no key.
[[nodiscard]] Result<SigningKeys> signing_keys_of(std::string_view jwks);
/// Fingerprints of the certificates of a PEM bundle, sorted. kInvalid when there is none.
[[nodiscard]] Result<std::vector<std::string>> certificates_of(std::string_view pem);

/// What is trusted `now`. A change when a signing key is gone (one that is new invalidates nothing), or when the
/// bundle differs (who trusts less than it says breaks when the API server's certificate follows).
std::optional<detect::TrustChange> note_signing_keys(TrustState& state, SigningKeys keys, Time now);
std::optional<detect::TrustChange> note_ca(TrustState& state, std::vector<std::string> ids, Time now);

[[nodiscard]] std::string write_trust(const TrustState& state);
/// kInvalid, naming the fields; nothing in it is believed beyond its form. Changes of after `now` are left out.
[[nodiscard]] Result<TrustState> read_trust(std::string_view text, Time now);

}  // namespace remint::sources
