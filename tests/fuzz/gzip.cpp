// gzip: audit bodies and envelopes come packed.
#include "remint/base/gzip.hpp"

#include <string>

#include "fuzz.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_gzip(std::string_view input) {
  constexpr std::size_t kMax = 64U << 10U;
  const auto unpacked = gunzip(input, kMax);
  if (!unpacked) {
    check(unpacked.error().code == ErrorCode::kInvalid || unpacked.error().code == ErrorCode::kTooLarge,
          "an error is that of the input");
    return;
  }
  check(unpacked->size() <= kMax, "what comes out is within its cap");
  check(!gunzip(input.substr(0, input.size() - 1), kMax), "what is cut off is no gzip");
  const auto twice = gunzip(std::string(input) + std::string(input), 2 * kMax);
  check(twice && *twice == *unpacked + *unpacked, "members are unpacked one after the other");
  check(unpacked->empty() || !gunzip(input, unpacked->size() - 1), "the cap is exact");
  check(gunzip(input, unpacked->size()).has_value(), "what fits exactly is taken");
}

}  // namespace remint::fuzz
