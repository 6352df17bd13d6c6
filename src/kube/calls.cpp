#include "calls.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "remint/base/log.hpp"

namespace remint::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

Calls::Calls(std::shared_ptr<Transport> transport, metrics::Registry& metrics, const Clock& clock, WriteGuard guard,
             ClientSettings client_settings)
    : settings(std::move(client_settings)),
      transport_(std::move(transport)),
      metrics_(metrics),
      clock_(clock),
      guard_(std::move(guard)) {
  for (const char* verb : {"get", "list", "create", "patch", "update", "delete", "logs"}) {
    durations_[verb] = &metrics_.histogram(
        "remint_kube_request_duration_seconds", "Time of one request to the API server, from sending to the last byte.",
        {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}, {{"verb", verb}});
    retries_[verb] = &metrics_.counter("remint_kube_retries_total", "Requests to the API server that were sent again.",
                                       {{"verb", verb}});
  }
}

Result<std::string> Calls::run(Call call, const std::stop_token& stop) {
  const nanoseconds deadline = clock_.steady_now() + call.budget;
  Backoff backoff(settings.backoff);
  RetryQuestion question;
  question.kind = call.kind;
  for (;;) {
    if (call.kind != RetryClass::kRead && guard_) {
      if (auto allowed = guard_(); !allowed) {
        return fail_in(allowed.error(), call.what);
      }
    }
    auto response = attempt(call, deadline, stop);
    if (response && is_success(response->status)) {
      return std::move(response->body);
    }
    question.error = response ? to_error(*response, call.what) : response.error().in(call.what);
    question.credentials_renewed = response && response->credentials_renewed;
    question.remaining = until(deadline);
    question.backoff = backoff.next(settings.random ? settings.random() : random_unit());
    if ((call.sink && !call.again()) || !pause(question, call.verb, stop)) {
      return std::unexpected(question.error);
    }
    question.renewed_before = question.renewed_before || question.credentials_renewed;
  }
}

bool Calls::pause(const RetryQuestion& question, const std::string& verb, const std::stop_token& stop) {
  const auto delay = decide_retry(question);
  if (!delay || stop.stop_requested()) {
    return false;
  }
  log::debug("Request to the API server failed, will try again",
             {{"error", question.error}, {"delay_ms", delay->count()}});
  if (delay->count() > 0 && !(settings.sleep ? settings.sleep(*delay, stop) : sleep_for(*delay, stop))) {
    return false;
  }
  retries_.at(verb)->add();
  return true;
}

Result<Response> Calls::attempt(Call& call, nanoseconds deadline, const std::stop_token& stop) {
  call.request.timeout = std::min(call.attempt, until(deadline));
  const nanoseconds begin = clock_.steady_now();
  // Streamed, no silence may be longer than the whole may take.
  call.request.total = call.sink ? call.request.timeout : milliseconds(0);
  auto response = call.sink ? transport_->stream(call.request, call.sink, stop)
                            : transport_->send(call.request, stop, call.max_body);
  durations_.at(call.verb)->observe(std::chrono::duration<double>(clock_.steady_now() - begin).count());
  count(call.verb, call.resource, response);
  return response;
}

Result<void> Calls::stream(const Call& call, const ChunkSink& sink, const std::stop_token& stop) {
  const auto response = transport_->stream(call.request, sink, stop);
  count(call.verb, call.resource, response);
  if (!response) {
    return fail_in(response.error(), call.what);
  }
  if (!is_success(response->status)) {
    return std::unexpected(to_error(*response, call.what));
  }
  return {};
}

void Calls::count(const std::string& verb, const std::string& resource, const Result<Response>& response) {
  std::string code = response ? std::to_string(response->status) : std::string(to_string(response.error().code));
  const std::scoped_lock lock(mutex_);
  metrics::Counter*& counter = requests_[{verb, resource, code}];
  if (counter == nullptr) {
    counter = &metrics_.counter("remint_kube_requests_total", "Requests to the API server, by answer.",
                                {{"verb", verb}, {"resource", resource}, {"code", code}});
  }
  counter->add();
}

milliseconds Calls::until(nanoseconds deadline) const {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - clock_.steady_now()));
}

}  // namespace remint::kube
