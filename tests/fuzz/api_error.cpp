// What an API server, or whatever stands before it, answers with an error status.
#include <array>

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/client.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_api_error(std::string_view input) {
  constexpr std::array kStatuses{301, 400, 401, 403, 404, 409, 410, 413, 429, 500, 503};
  kube::Response response;
  response.status = kStatuses[choice(input) % kStatuses.size()];
  response.body = input;
  const Error error = kube::to_error(response, "pods shop/cart");
  check(error.message.starts_with("pods shop/cart: "), "an error says of what it is");
  check(error.message.size() < 1024 && is_valid_utf8(error.message), "an error is bounded and safe to print");
  check(error.message.find_first_of("\x1b\n\r") == std::string::npos, "an error has no control characters");
  check(error.retry_after_seconds <= 86'400, "a wait is bounded");
}

}  // namespace remint::fuzz
