// Under libFuzzer, whose arguments are its own: $REMINT_FUZZ_TARGET says which target it is.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "targets.hpp"

namespace {

const remint::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* const name = std::getenv("REMINT_FUZZ_TARGET");
  chosen = remint::fuzz::find_target(name == nullptr ? "" : name);
  if (chosen == nullptr) {
    std::fputs("REMINT_FUZZ_TARGET must name one of:", stderr);
    for (const auto& target : remint::fuzz::kTargets) {
      std::fprintf(stderr, " %s", target.name.data());
    }
    std::fputs("\n", stderr);
    std::exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
