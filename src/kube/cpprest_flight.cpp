#include "cpprest_flight.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <string>

#include "remint/base/text.hpp"
#include "remint/kube/tls.hpp"

namespace remint::kube {
namespace {

Error describe(const std::exception_ptr& exception) {
  Error error{ErrorCode::kUnavailable, {}, 0};
  try {
    std::rethrow_exception(exception);
  } catch (const web::http::http_exception& failure) {
    error.message = failure.what();
    if (const auto reason = describe_tls_error(static_cast<unsigned long>(failure.error_code().value()));
        !reason.empty()) {
      error.message += " (" + reason + ")";
    }
  } catch (const std::exception& failure) {
    error.message = failure.what();
  } catch (...) {
    error.message = "unknown failure";
  }
  error.message = sanitize(error.message, 300);
  return error;
}

std::uint32_t retry_after(const web::http::http_headers& headers) {
  std::uint32_t seconds = 0;  // a date instead of a number stays 0: the API server never sends one
  return headers.match("Retry-After", seconds) ? std::min<std::uint32_t>(seconds, 86'400) : 0;
}

}  // namespace

void observe(const pplx::task<web::http::http_response>& answer, const std::shared_ptr<Exchange>& exchange) {
  answer
      .then([exchange](const pplx::task<web::http::http_response>& head) {
        const web::http::http_response response = head.get();
        exchange->put_head({.status = response.status_code(), .retry_after_seconds = retry_after(response.headers())});
        return response.content_ready();
      })
      .then([exchange](const pplx::task<web::http::http_response>& body) {
        try {
          body.get();
          exchange->finish(std::nullopt);
        } catch (...) {
          exchange->finish(describe(std::current_exception()));
        }
      });
}

}  // namespace remint::kube
