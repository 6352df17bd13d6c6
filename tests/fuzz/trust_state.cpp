// Served signing keys and CA bundles, and what a ConfigMap says of earlier ones.
#include "remint/sources/trust_state.hpp"

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_trust_state(std::string_view input) {
  const auto sorted = [](const std::vector<std::string>& ids) {
    return !ids.empty() && ids.size() <= 200 && std::ranges::is_sorted(ids);
  };
  const auto keys = sources::signing_keys_of(input);
  check(!keys || sorted(keys->ids), "signing keys are some, and sorted");
  const auto certificates = sources::certificates_of(input);
  check(!certificates || sorted(*certificates), "certificates are some, and sorted");
  const auto state = sources::read_trust(input, now());
  if (!state) {
    check(!state.error().message.empty() && is_valid_utf8(state.error().message), "an error is safe to print");
    return;
  }
  for (const auto& change : state->changes) {
    check(change.from <= change.until && change.until <= now(), "a change lies in the past");
    check(change.what.size() <= 300 && is_valid_utf8(change.what), "what changed is bounded and safe to print");
  }
  // The first time times lose their fractions.
  const auto once = sources::read_trust(sources::write_trust(*state), now());
  check(once.has_value(), "what was written can be read");
  const auto twice = sources::read_trust(sources::write_trust(*once), now());
  check(twice && twice->signing_keys == once->signing_keys && twice->ca == once->ca,
        "what was written is read as it was");
  check(twice->changes.size() == once->changes.size(), "changes that were written are read as they were");
}

}  // namespace remint::fuzz
