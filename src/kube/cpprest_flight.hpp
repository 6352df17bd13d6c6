#pragma once
// One request on its way. Included by the cpprest files alone.

#include <cpprest/http_msg.h>

#include <memory>

#include "cpprest_body.hpp"
#include "exchange.hpp"
#include "remint/kube/credentials.hpp"

namespace remint::kube {

/// Leaving early cancels it.
struct Flight {
  std::shared_ptr<Exchange> exchange = std::make_shared<Exchange>();
  pplx::cancellation_token_source cancel;
  std::shared_ptr<BodyGate> body_gate = std::make_shared<BodyGate>();
  CredentialSnapshot credentials;
  bool ended = false;

  Flight() = default;
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() {
    if (!ended) {
      exchange->abandon();
      cancel.cancel();
    }
  }
};

/// The end of every chain: nothing that the library throws may stay unobserved.
void observe(const pplx::task<web::http::http_response>& answer, const std::shared_ptr<Exchange>& exchange);

}  // namespace remint::kube
