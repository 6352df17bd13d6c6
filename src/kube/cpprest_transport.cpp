// The one file that knows cpprestsdk. Its traps, and what is done about each here:
//  - an unobserved failed task ends the process: every chain ends in a continuation that catches (observe);
//  - its timeout counts per read and per client: ours are kept by the calling thread (Exchange), its own is out of the
//  way;
//  - a chunk size of -1 arrives as a piece of SIZE_MAX bytes: BodySink refuses absurd pieces;
//  - it sends a request again by itself when a pooled connection turns out to be closed, also a POST: BodySource cannot
//  be
//    rewound, so that a write is sent at most once;
//    When that fails it puts a connection that was never connected into its pool: the pool is dropped
//    (forget_connections);
//  - redirects are followed with the Authorization header: switched off;
//  - `100 Continue` is taken for the answer, and the real answer for that of the next request: the connections are
//  dropped;
//  - an IPv6 address in brackets is not resolved: it is given without them, which its URL parser lets pass;
//  - dropping a response does not stop it: Flight cancels.
#include <cpprest/http_client.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pplx/threadpool.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

#include "exchange.hpp"
#include "remint/base/log.hpp"
#include "remint/base/text.hpp"
#include "remint/kube/credentials.hpp"
#include "remint/kube/server_url.hpp"
#include "remint/kube/tls.hpp"
#include "remint/kube/transport.hpp"

namespace remint::kube {
namespace {

namespace streams = concurrency::streams;
using StreamBuffer = streams::details::streambuf_state_manager<std::uint8_t>;
using Socket = boost::asio::ip::tcp::socket;

constexpr std::size_t kMaxPiece = 256U << 20U;
constexpr std::size_t kMaxErrorBody = 64U << 10U;
// The library's own timeout must never be the first: ours are exact.
constexpr std::chrono::hours kNever{24 * 365};

// Everything that the library never asks of a body.
class PlainBuffer : public StreamBuffer {
 public:
  using StreamBuffer::StreamBuffer;
  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(size_t, std::ios_base::openmode) override {}
  size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return static_cast<pos_type>(traits::eof()); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return static_cast<pos_type>(traits::eof()); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return static_cast<pos_type>(traits::eof());
  }
  bool acquire(std::uint8_t*& pointer, size_t& count) override {
    pointer = nullptr;
    count = 0;
    return false;
  }
  void release(std::uint8_t*, size_t) override {}

 protected:
  pplx::task<int_type> _putc(std::uint8_t) override { return eof(); }
  pplx::task<size_t> _putn(const std::uint8_t*, size_t) override { return pplx::task_from_result<size_t>(0); }
  pplx::task<int_type> _bumpc() override { return eof(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return eof(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return eof(); }
  pplx::task<int_type> _ungetc() override { return eof(); }
  pplx::task<size_t> _getn(std::uint8_t*, size_t) override { return pplx::task_from_result<size_t>(0); }
  size_t _scopy(std::uint8_t*, size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(size_t) override { return nullptr; }
  void _commit(size_t) override {}

 private:
  static pplx::task<int_type> eof() { return pplx::task_from_result<int_type>(traits::eof()); }
};

// Whether a request's body can have left. Shut by the one who leaves early, it also keeps the body from leaving later.
class BodyGate {
 public:
  [[nodiscard]] bool pass() {
    State expected = State::kNew;
    return state_.compare_exchange_strong(expected, State::kPassed) || expected == State::kPassed;
  }
  /// True when nothing has passed, and now never will.
  [[nodiscard]] bool shut() {
    State expected = State::kNew;
    return state_.compare_exchange_strong(expected, State::kShut) || expected == State::kShut;
  }

 private:
  enum class State : std::uint8_t { kNew, kPassed, kShut };
  std::atomic<State> state_{State::kNew};
};

// A request body that can be read once.
class BodySource final : public PlainBuffer {
 public:
  BodySource(std::string body, std::shared_ptr<BodyGate> gate)
      : PlainBuffer(std::ios_base::in), body_(std::move(body)), gate_(std::move(gate)) {}

 protected:
  pplx::task<size_t> _getn(std::uint8_t* into, size_t count) override {
    if (!gate_->pass()) {
      return pplx::task_from_exception<size_t>(std::runtime_error("nobody waits for the answer any more"));
    }
    const std::size_t size = std::min(count, body_.size() - at_);
    std::memcpy(into, body_.data() + at_, size);
    at_ += size;
    return pplx::task_from_result(size);
  }

 private:
  std::string body_;
  std::size_t at_ = 0;
  std::shared_ptr<BodyGate> gate_;
};

// Passes the response's body to the Exchange. Must not throw: that would end the process.
class BodySink final : public PlainBuffer {
 public:
  explicit BodySink(std::shared_ptr<Exchange> exchange)
      : PlainBuffer(std::ios_base::out), exchange_(std::move(exchange)) {}

 protected:
  pplx::task<size_t> _putn(const std::uint8_t* bytes, size_t count) override {
    if (count > kMaxPiece) {
      exchange_->finish(Error{ErrorCode::kUnavailable, "the server sent a chunk of absurd size", 0});
      return refuse();
    }
    try {
      pplx::task_completion_event<size_t> room;
      const auto resume = [room, count](bool wanted) {
        if (wanted) {
          room.set(count);
        } else {
          room.set_exception(std::runtime_error("nobody reads any more"));
        }
      };
      switch (exchange_->put({reinterpret_cast<const char*>(bytes), count}, resume)) {
        case Exchange::Put::kTaken:
          return pplx::task_from_result(count);
        case Exchange::Put::kWait:
          return pplx::create_task(room);
        case Exchange::Put::kRefused:
          break;
      }
    } catch (const std::exception& error) {
      exchange_->finish(Error{ErrorCode::kInternal, std::string("cannot take the response: ") + error.what(), 0});
    }
    return refuse();
  }

 private:
  static pplx::task<size_t> refuse() {
    return pplx::task_from_exception<size_t>(std::runtime_error("nobody reads any more"));
  }
  std::shared_ptr<Exchange> exchange_;
};

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

// The end of every chain: nothing that the library throws may stay unobserved.
void observe(pplx::task<web::http::http_response> answer, const std::shared_ptr<Exchange>& exchange) {
  answer
      .then([exchange](pplx::task<web::http::http_response> head) {
        const web::http::http_response response = head.get();
        exchange->put_head({.status = response.status_code(), .retry_after_seconds = retry_after(response.headers())});
        return response.content_ready();
      })
      .then([exchange](pplx::task<web::http::http_response> body) {
        try {
          body.get();
          exchange->finish(std::nullopt);
        } catch (...) {
          exchange->finish(describe(std::current_exception()));
        }
      });
}

// A peer that vanished without a word (power, network) is noticed in about half a minute, and not only after the
// silence that a watch is allowed. The socket must be opened for that before the library does, so the family must be
// known.
void set_keepalive(Socket& socket, bool v6) {
  if (socket.is_open()) {
    return;
  }
  socket.open(v6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4());
  const auto set = [&](int level, int name, int value) {
    if (::setsockopt(socket.native_handle(), level, name, &value, sizeof value) != 0) {
      log::debug("Cannot set a socket option", {{"option", name}});
    }
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

// One request on its way. Leaving early cancels it.
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

class CpprestTransport final : public Transport {
 public:
  CpprestTransport(const Config& config, ServerUrl url, TransportSettings settings,
                   std::unique_ptr<Credentials> credentials)
      : config_(config), url_(std::move(url)), settings_(std::move(settings)), credentials_(std::move(credentials)) {}

  Result<Response> send(const Request& request, const std::stop_token& stop, std::size_t max_body) override {
    const auto deadline = std::chrono::steady_clock::now() + request.timeout;
    Flight flight;
    const auto head = launch(flight, request, deadline, stop);
    return finish(head ? collect(flight, *head, max_body, deadline, stop) : std::unexpected(head.error()), flight,
                  request, deadline, stop);
  }

  Result<Response> stream(const Request& request, const ChunkSink& sink, const std::stop_token& stop) override {
    const auto deadline = std::chrono::steady_clock::now() + request.timeout;
    Flight flight;
    const auto head = launch(flight, request, deadline, stop);
    Result<Response> response;
    if (!head) {
      response = std::unexpected(head.error());
    } else if (head->status >= 200 && head->status <= 299) {
      response = pump(flight, *head, request.silence.count() > 0 ? request.silence : request.timeout, sink, stop);
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
      auto client = client_for(flight.credentials.tls);
      observe(client->request(message(flight, request), flight.cancel.get_token()), flight.exchange);
    } catch (const std::exception& error) {
      return unsent(ErrorCode::kInvalid, sanitize(error.what(), 300));
    }
    auto head = flight.exchange->wait_head(deadline, stop);
    if (!head) {
      Error error = head.error();
      if (!request.body.empty()) {
        error.unsent = flight.body_gate->shut();
        forget_connections();
      }
      return std::unexpected(std::move(error));
    }
    if (head->status < 200) {
      forget_connections();
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
      const auto source = std::make_shared<BodySource>(request.body, flight.body_gate);
      out.set_body(streams::istream(streams::streambuf<std::uint8_t>(source)), request.body.size(),
                   request.content_type);
    }
    const auto sink = std::make_shared<BodySink>(flight.exchange);
    out.set_response_stream(streams::ostream(streams::streambuf<std::uint8_t>(sink)));
    return out;
  }

  Result<Response> collect(Flight& flight, ResponseHead head, std::size_t max_body, Deadline deadline,
                           const std::stop_token& stop) {
    Response response{.status = head.status, .retry_after_seconds = head.retry_after_seconds, .body = {}};
    for (;;) {
      auto piece = flight.exchange->wait_piece(deadline, stop);
      if (!piece) {
        return std::unexpected(piece.error());
      }
      if (piece->empty()) {
        flight.ended = true;
        return response;
      }
      if (piece->size() > max_body - response.body.size()) {
        return fail(ErrorCode::kTooLarge, fmt::format("the answer is larger than the {} bytes allowed", max_body));
      }
      if (response.body.empty()) {
        response.body = std::move(*piece);
      } else {
        response.body += *piece;
      }
    }
  }

  Result<Response> pump(Flight& flight, ResponseHead head, std::chrono::milliseconds silence, const ChunkSink& sink,
                        const std::stop_token& stop) {
    for (;;) {
      auto piece = flight.exchange->wait_piece(std::chrono::steady_clock::now() + silence, stop);
      if (!piece) {
        return std::unexpected(piece.error());
      }
      if (piece->empty()) {
        flight.ended = true;
        return Response{.status = head.status, .retry_after_seconds = head.retry_after_seconds, .body = {}};
      }
      if (auto taken = sink(*piece); !taken) {
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

  std::shared_ptr<web::http::client::http_client> client_for(const std::shared_ptr<const TlsMaterial>& tls) {
    const std::scoped_lock lock(mutex_);
    if (client_ && tls == client_tls_) {
      return client_;
    }
    web::http::client::http_client_config settings;
    settings.set_timeout(kNever);
    settings.set_max_redirects(0);
    settings.set_validate_certificates(!config_.insecure_skip_tls_verify);
    const bool literal = url_.host_is_v4 || url_.host_is_v6;
    settings.set_tlsext_sni_enabled(!literal || !config_.tls_server_name.empty());
    settings.set_ssl_context_callback([tls](boost::asio::ssl::context& context) {
      if (auto applied = tls->apply(context.native_handle()); !applied) {
        throw std::runtime_error(applied.error().message);  // the library turns it into a failed request
      }
    });
    if (literal) {
      settings.set_nativehandle_options([secure = url_.tls, v6 = url_.host_is_v6](void* handle) {
        set_keepalive(secure ? static_cast<boost::asio::ssl::stream<Socket&>*>(handle)->next_layer()
                             : *static_cast<Socket*>(handle),
                      v6);
      });
    }
    // Without brackets: see the top of this file.
    const std::string base = fmt::format("{}://{}:{}{}", url_.tls ? "https" : "http", url_.host, url_.port, url_.path);
    client_ = std::make_shared<web::http::client::http_client>(web::uri(base), settings);
    client_tls_ = tls;
    return client_;
  }

  void forget_connections() {
    const std::scoped_lock lock(mutex_);
    client_.reset();
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
  std::mutex mutex_;
  std::shared_ptr<web::http::client::http_client> client_;
  std::shared_ptr<const TlsMaterial> client_tls_;
};

void start_threads(unsigned threads) {
  static std::once_flag once;
  std::call_once(once, [threads] {
    try {
      crossplat::threadpool::initialize_with_threads(threads);
    } catch (const std::exception& error) {
      log::warn("The HTTP library keeps its own number of threads", {{"reason", error.what()}});
    }
  });
}

}  // namespace

void prepare_process(unsigned threads) {
  take_over_system_trust();
  start_threads(threads);
}

Result<std::shared_ptr<Transport>> make_transport(const Config& config, const TransportSettings& settings) {
  auto url = parse_server_url(config.server);
  if (!url) {
    return fail_in(url.error(), config.origin + ": server");
  }
  auto credentials = Credentials::make(config, system_clock());
  if (!credentials) {
    return std::unexpected(credentials.error());
  }
  start_threads(4);
  return std::make_shared<CpprestTransport>(config, std::move(*url), settings, std::move(*credentials));
}

}  // namespace remint::kube
