// These files, cpprest_*, are the ones that know cpprestsdk. Its traps, and what is done about each here:
//  - an unobserved failed task ends the process: every chain ends in a continuation that catches (observe);
//  - its timeout counts per read and per client: ours are kept by the calling thread (Exchange), its own is out of
//    the way;
//  - a chunk size of -1 arrives as a piece of SIZE_MAX bytes: BodySink refuses absurd pieces;
//  - it sends a request again by itself when a pooled connection turns out to be closed, also a POST: BodySource
//    cannot be rewound, so that a write is sent at most once;
//    When that fails it puts a connection that was never connected into its pool: the pool is dropped
//    (Connections::forget);
//  - redirects are followed with the Authorization header: switched off;
//  - `100 Continue` is taken for the answer, and the real answer for that of the next request: the connections are
//    dropped;
//  - an IPv6 address in brackets is not resolved: it is given without them, which its URL parser lets pass;
//  - dropping a response does not stop it: Flight cancels.
#include <cpprest/http_client.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cpprest_connections.hpp"
#include "cpprest_flight.hpp"
#include "cpprest_threads.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/credentials.hpp"
#include "remint/kube/server_url.hpp"
#include "remint/kube/transport.hpp"

namespace remint::kube {
namespace {

constexpr std::size_t kMaxErrorBody = 64U << 10U;

class CpprestTransport final : public Transport {
 public:
  CpprestTransport(const Config& config, ServerUrl url, TransportSettings settings,
                   std::unique_ptr<Credentials> credentials)
      : config_(config),
        url_(std::move(url)),
        settings_(std::move(settings)),
        credentials_(std::move(credentials)),
        connections_(config_.insecure_skip_tls_verify, !config_.tls_server_name.empty(), url_) {}

  Result<Response> send(const Request& request, const std::stop_token& stop, std::size_t max_body) override {
    const auto deadline = std::chrono::steady_clock::now() + request.timeout;
    Flight flight;
    const auto head = launch(flight, request, deadline, stop);
    return finish(head ? collect(flight, *head, max_body, deadline, stop) : std::unexpected(head.error()), flight,
                  request, deadline, stop);
  }

  Result<Response> stream(const Request& request, const ChunkSink& sink, const std::stop_token& stop) override {
    const auto begin = std::chrono::steady_clock::now();
    const auto deadline = begin + request.timeout;
    const auto end = request.total.count() > 0 ? begin + request.total : Deadline::max();
    Flight flight;
    const auto head = launch(flight, request, deadline, stop);
    Result<Response> response;
    if (!head) {
      response = std::unexpected(head.error());
    } else if (head->status >= 200 && head->status <= 299) {
      response = pump(flight, *head, request, end, sink, stop);
    } else {
      response = collect(flight, *head, kMaxErrorBody, deadline, stop);
    }
    return finish(std::move(response), flight, request, deadline, stop);
  }

 private:
  using Deadline = Exchange::Deadline;

  // Sends it, and waits for the status.
  Result<ResponseHead> launch(Flight& flight, const Request& request, Deadline deadline, const std::stop_token& stop) {
    if (stop.stop_requested()) {
      return unsent(ErrorCode::kCancelled, "stopped");
    }
    auto credentials = credentials_->current(deadline, stop);
    if (!credentials) {
      Error error = credentials.error();
      error.unsent = true;
      return std::unexpected(std::move(error));
    }
    flight.credentials = std::move(*credentials);
    try {
      auto client = connections_.client_for(flight.credentials.tls);
      observe(client->request(message(flight, request), flight.cancel.get_token()), flight.exchange);
    } catch (const std::exception& error) {
      return unsent(ErrorCode::kInvalid, sanitize(error.what(), 300));
    }
    auto head = flight.exchange->wait_head(deadline, stop);
    if (!head) {
      Error error = head.error();
      if (!request.body.empty()) {
        error.unsent = flight.body_gate->shut();
        connections_.forget();
      }
      return std::unexpected(std::move(error));
    }
    if (head->status < 200) {
      connections_.forget();
      return fail(ErrorCode::kUnavailable, fmt::format("got the interim answer {} for the final one", head->status));
    }
    return head;
  }

  web::http::http_request message(Flight& flight, const Request& request) const {
    web::http::http_request out(request.method);
    out.set_request_uri(web::uri(request.path));
    auto& headers = out.headers();
    headers.add("Accept", request.accept);
    headers.add("User-Agent", settings_.user_agent);
    if (!flight.credentials.bearer.empty()) {
      headers.add("Authorization", "Bearer " + flight.credentials.bearer);
    }
    // The library also takes the TLS peer's name from here.
    if (!config_.tls_server_name.empty()) {
      headers.add("Host", config_.tls_server_name);
    } else if (url_.host_is_v6 && !url_.tls) {
      headers.add("Host", fmt::format("[{}]:{}", url_.host, url_.port));
    }
    if (!request.body.empty()) {
      out.set_body(make_body_source(request.body, flight.body_gate), request.body.size(), request.content_type);
    }
    out.set_response_stream(make_body_sink(flight.exchange));
    return out;
  }

  Result<Response> collect(Flight& flight, ResponseHead head, std::size_t max_body, Deadline deadline,
                           const std::stop_token& stop) {
    Response response{.status = head.status, .retry_after_seconds = head.retry_after_seconds, .body = {}};
    std::string piece;
    for (;;) {
      if (auto waited = flight.exchange->wait_piece(piece, deadline, stop); !waited) {
        return std::unexpected(waited.error());
      }
      if (piece.empty()) {
        flight.ended = true;
        return response;
      }
      if (piece.size() > max_body - response.body.size()) {
        return fail(ErrorCode::kTooLarge, fmt::format("the answer is larger than the {} bytes allowed", max_body));
      }
      if (response.body.empty()) {
        response.body.swap(piece);
      } else {
        response.body += piece;
      }
    }
  }

  Result<Response> pump(Flight& flight, ResponseHead head, const Request& request, Deadline end, const ChunkSink& sink,
                        const std::stop_token& stop) {
    const auto silence = request.silence.count() > 0 ? request.silence : request.timeout;
    std::string piece;
    for (;;) {
      const auto deadline = std::min(std::chrono::steady_clock::now() + silence, end);
      if (auto waited = flight.exchange->wait_piece(piece, deadline, stop); !waited) {
        return std::unexpected(waited.error());
      }
      if (piece.empty()) {
        flight.ended = true;
        return Response{.status = head.status, .retry_after_seconds = head.retry_after_seconds, .body = {}};
      }
      if (auto taken = sink(piece); !taken) {
        return std::unexpected(taken.error());
      }
    }
  }

  Result<Response> finish(Result<Response> response, const Flight& flight, const Request& request, Deadline deadline,
                          const std::stop_token& stop) {
    if (!response) {
      return fail_in(response.error(), fmt::format("{} {}{}", request.method, url_.to_string(), request.path));
    }
    if (response->status == 401) {
      response->credentials_renewed = credentials_->renew(flight.credentials, deadline, stop);
    }
    return response;
  }

  static std::unexpected<Error> unsent(ErrorCode code, std::string message) {
    Error error{code, std::move(message), 0};
    error.unsent = true;
    return std::unexpected(std::move(error));
  }

  const Config config_;
  const ServerUrl url_;
  const TransportSettings settings_;
  const std::unique_ptr<Credentials> credentials_;
  Connections connections_;
};

}  // namespace

Result<std::shared_ptr<Transport>> make_transport(const Config& config, const TransportSettings& settings) {
  auto url = parse_server_url(config.server);
  if (!url) {
    return fail_in(url.error(), config.origin + ": server");
  }
  auto credentials = Credentials::make(config, system_clock());
  if (!credentials) {
    return std::unexpected(credentials.error());
  }
  start_cpprest_threads(4);
  return std::make_shared<CpprestTransport>(config, std::move(*url), settings, std::move(*credentials));
}

}  // namespace remint::kube
