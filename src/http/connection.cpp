#include "connection.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "tls_context.hpp"
#include "wire.hpp"

namespace remint::http {
namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

// What is still received after an early answer: a client in mid-send would otherwise get a reset and never see the
// answer.
constexpr std::uint64_t kDiscardBytes = 32U << 20U;
constexpr auto kDiscardTime = 2s;
constexpr auto kShutdownTime = 1s;

}  // namespace

Connection::Connection(Tcp::socket socket, std::shared_ptr<TlsContext> tls, Core& core)
    : core_(core), socket_(std::move(socket)), tls_context_(std::move(tls)), timer_(socket_.get_executor()) {
  if (tls_context_) tls_.emplace(socket_, *tls_context_);
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  if (!error) {
    auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    peer_ = address.to_string();
  }
  core_.metrics.connections(1);
}

Connection::~Connection() {
  release();
  core_.metrics.connections(-1);
  const std::lock_guard lock(core_.mutex);
  core_.connections.erase(this);
  if (core_.connections.empty()) core_.emptied.notify_all();
}

void Connection::start() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    error_code ignored;  // without it answers are a little later, no more
    self->socket_.set_option(Tcp::no_delay(true), ignored);
    self->enter(Phase::kHandshake, self->core_.settings.limits.handshake_and_header);
    if (self->tls_) return self->handshake();
    self->first_request();
  });
}

void Connection::handshake() {
  tls_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const error_code& error) {
    if (self->phase_ == Phase::kClosed) return;
    if (error) {
      self->core_.metrics.rejected(Rejection::kHandshake);
      if (self->core_.may_log_refusal(std::chrono::steady_clock::now())) {
        log::warn("TLS handshake refused",
                  {{"server", self->core_.settings.name}, {"peer", self->peer_}, {"error", error.message()}});
      }
      return self->close();
    }
    auto [verified, common_name] = peer_identity(self->tls_->native_handle());
    self->client_verified_ = verified;
    self->client_subject_ = std::move(common_name);
    self->first_request();
  });
}

// ---- deadlines ----

void Connection::enter(Phase phase, Milliseconds limit) {
  phase_ = phase;
  timer_.expires_after(limit);  // cancels the wait before
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    // A wait that had already ended when it was replaced still arrives: the expiry tells.
    if (!error && self->timer_.expiry() <= std::chrono::steady_clock::now()) self->on_deadline();
  });
}

void Connection::on_deadline() {
  error_code ignored;  // a socket that cannot be cancelled has no operation under way
  switch (phase_) {
    case Phase::kHandshake:
      core_.metrics.rejected(Rejection::kHandshake);
      return close();
    case Phase::kIdle:
    case Phase::kHeader:
    case Phase::kBody:
      expired_ = true;  // the operation under way ends now, and its handler goes on with on_late()
      socket_.cancel(ignored);
      return;
    case Phase::kAside:  // a deadline of the phase before; the handler's work has none
      return;
    case Phase::kAnswer:
    case Phase::kDiscard:
    case Phase::kShutdown:
    case Phase::kClosed:
      return close();
  }
}

// ---- bytes in and out ----

void Connection::receive(asio::mutable_buffer space, Next next) {
  auto done = [self = shared_from_this(), next](const error_code& error, std::size_t bytes) {
    self->on_received(error, bytes, next);
  };
  if (tls_) return tls_->async_read_some(space, std::move(done));
  socket_.async_read_some(space, std::move(done));
}

void Connection::on_received(const error_code& error, std::size_t bytes, Next next) {
  if (phase_ == Phase::kClosed) return;
  if (std::exchange(expired_, false)) return on_late();
  if (error) return close();
  (this->*next)(bytes);
}

void Connection::on_late() {
  if (phase_ == Phase::kBody) return reject(Rejection::kBodyTimeout, 408, "the request's body took too long\n");
  if (begin_ == end_) return shutdown();  // asked for nothing
  reject(Rejection::kHeaderTimeout, 408, "the request's header took too long\n");
}

void Connection::transmit(void (Connection::*done)()) {
  auto sent = [self = shared_from_this(), done](const error_code& error, std::size_t /*bytes*/) {
    if (self->phase_ == Phase::kClosed) return;
    if (std::exchange(self->expired_, false)) return self->on_late();
    if (error) return self->close();
    ((*self).*done)();
  };
  if (tls_) return asio::async_write(*tls_, asio::buffer(output_), std::move(sent));
  asio::async_write(socket_, asio::buffer(output_), std::move(sent));
}

// ---- answer ----

void Connection::reject(Rejection reason, int status, std::string text) {
  core_.metrics.rejected(reason);
  unread_ = true;
  answer_early({.status = status, .body = std::move(text)});
}

void Connection::answer_early(const Response& response) {
  release();
  if (unread_) keep_ = false;
  answer(response);
}

void Connection::answer(const Response& response) {
  if (core_.draining) keep_ = false;
  core_.metrics.answered(response.status);
  output_ = serialize(response, {.close = !keep_, .keep_http10 = http10_, .omit_body = request_.method == "HEAD"});
  enter(Phase::kAnswer, core_.settings.limits.idle);
  transmit(&Connection::on_answered);
}

void Connection::on_answered() {
  if (keep_) return next_request();
  if (!unread_) return shutdown();
  discarded_ = 0;
  if (!tls_) {
    error_code ignored;  // tells the client at once that this was all
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  }
  enter(Phase::kDiscard, kDiscardTime);
  receive_rest();
}

void Connection::receive_rest() { receive(asio::buffer(input_), &Connection::on_rest); }

void Connection::on_rest(std::size_t bytes) {
  discarded_ += bytes;
  if (discarded_ > kDiscardBytes) return shutdown();
  receive_rest();
}

// ---- the end ----

void Connection::shutdown() {
  if (!tls_) {
    error_code ignored;  // the client may have gone already
    socket_.shutdown(Tcp::socket::shutdown_both, ignored);
    return close();
  }
  enter(Phase::kShutdown, kShutdownTime);
  tls_->async_shutdown(
      [self = shared_from_this()](const error_code& /*the client need not answer*/) { self->close(); });
}

void Connection::close() {
  phase_ = Phase::kClosed;
  timer_.cancel();
  error_code ignored;  // closed either way
  socket_.close(ignored);
}

void Connection::drain() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    const bool asked_nothing =
        self->phase_ == Phase::kIdle || (self->phase_ == Phase::kHeader && self->begin_ == self->end_);
    if (asked_nothing) self->enter(Phase::kIdle, self->core_.linger);
  });
}

void Connection::abort() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->close(); });
}

}  // namespace remint::http
