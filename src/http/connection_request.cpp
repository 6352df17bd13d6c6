// The part of a connection that reads requests.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstring>
#include <limits>
#include <utility>

#include "connection.hpp"

namespace remint::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
using beast::http::field;
using boost::system::error_code;

namespace {

constexpr std::size_t kOneRecord = 16U << 10U;  // TLS hands out no more at once
constexpr std::chrono::seconds kAsideWait{30};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct Connection::Parser {
  beast::http::request_parser<beast::http::empty_body> beast;
  [[nodiscard]] const auto& header() const { return beast.get(); }
  [[nodiscard]] std::string_view value(field name) const { return view(beast.get()[name]); }
};

void Connection::first_request() {
  if (core_.draining) {
    enter(Phase::kIdle, core_.linger);
  } else {
    phase_ = Phase::kHeader;  // under the deadline that began with accept
  }
  receive_header();
}

void Connection::next_request() {
  const auto& limits = core_.settings.limits;
  request_ = {};
  searched_ = begin_;
  if (begin_ != end_) {
    enter(Phase::kHeader, limits.handshake_and_header);
    return on_header_bytes(0);  // the client sent ahead
  }
  body_.shrink_idle();
  // Draining may have begun while the last answer was on its way.
  enter(Phase::kIdle, core_.draining ? core_.linger.load() : limits.idle);
  receive_header();
}

void Connection::receive_header() {
  const std::size_t capacity = core_.settings.limits.header_bytes + kOneRecord;
  if (input_.size() < capacity) input_.resize(capacity);
  if (begin_ > 0) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    searched_ = searched_ > begin_ ? searched_ - begin_ : 0;
    begin_ = 0;
  }
  receive(asio::buffer(input_.data() + end_, input_.size() - end_), &Connection::on_header_bytes);
}

void Connection::on_header_bytes(std::size_t bytes) {
  if (phase_ == Phase::kIdle) enter(Phase::kHeader, core_.settings.limits.handshake_and_header);
  end_ += bytes;
  const std::size_t limit = core_.settings.limits.header_bytes;
  // Beast is given whole headers only: fed in pieces, its own limit counts each piece anew.
  const std::string_view received(input_.data() + begin_, end_ - begin_);
  const auto from = searched_ - begin_;
  const auto end = received.substr(0, limit).find("\r\n\r\n", from > 3 ? from - 3 : 0);
  if (end != std::string_view::npos) return parse_header(end + 4);
  searched_ = end_;
  if (received.size() >= limit) {
    return reject(Rejection::kHeaderTooLarge, 431,
                  "the request's header is larger than " + std::to_string(limit) + " bytes\n");
  }
  receive_header();
}

void Connection::parse_header(std::size_t size) {
  request_ = {};
  parser_ = std::make_shared<Parser>();
  parser_->beast.header_limit(core_.settings.limits.header_bytes);
  // Ours is checked below, with an answer that says the number. Not boost::none: Beast 1.74 takes that for a limit of
  // 0.
  parser_->beast.body_limit(std::numeric_limits<std::uint64_t>::max());
  error_code error;
  parser_->beast.put(asio::buffer(input_.data() + begin_, size), error);
  begin_ += size;
  if (error || !parser_->beast.is_header_done()) {
    return reject(Rejection::kMalformed, 400, "not a valid HTTP request: " + error.message() + "\n");
  }
  const auto& header = parser_->header();
  const auto target = view(header.target());
  const auto question = target.find('?');
  request_.method = view(header.method_string());
  request_.path = target.substr(0, question);
  if (question != std::string_view::npos) request_.query = target.substr(question + 1);
  request_.content_type = parser_->value(field::content_type);
  request_.content_encoding = parser_->value(field::content_encoding);
  request_.authorization = parser_->value(field::authorization);
  request_.access_key = view(header["X-Amz-Firehose-Access-Key"]);
  request_.peer_address = peer_;
  request_.client_subject = client_subject_;
  request_.client_certificate_verified = client_verified_;
  keep_ = parser_->beast.keep_alive();
  http10_ = header.version() < 11;
  body_.clear();
  chunks_.reset();
  body_left_ = 0;
  unread_ = false;

  if (const auto refused = check_header()) return answer_early(*refused);
  expect_body();
}

std::optional<Response> Connection::check_header() {
  const auto& header = parser_->header();
  const auto malformed = [&](std::string text) {
    core_.metrics.rejected(Rejection::kMalformed);
    unread_ = true;  // where this request ends is not known
    return Response{.status = 400, .body = std::move(text)};
  };
  if (!request_.path.starts_with('/')) return malformed("the request target must be a path\n");

  // Two ways to say where a request ends are how requests are smuggled past a proxy: one way only, said once.
  const auto codings = header.count(field::transfer_encoding);
  const auto lengths = header.count(field::content_length);
  if (codings + lengths > 1) return malformed("more than one Content-Length or Transfer-Encoding\n");
  if (lengths == 1) {
    if (parser_->value(field::content_length).find(',') != std::string_view::npos)
      return malformed("a list as Content-Length\n");
    body_left_ = parser_->beast.content_length().value_or(0);
  }
  if (codings == 1) {
    if (http10_ || !beast::iequals(header[field::transfer_encoding], "chunked")) {
      return malformed("the only Transfer-Encoding known here is chunked\n");
    }
    chunks_.emplace();
  }
  unread_ = chunks_.has_value() || body_left_ > 0;

  const auto found = core_.router.find(request_.method, request_.path);
  if (const auto* refused = std::get_if<Response>(&found)) return *refused;
  route_ = std::get<const Route*>(found);
  const auto& limits = core_.settings.limits;
  if (body_left_ > limits.body_bytes) {
    core_.metrics.rejected(Rejection::kBodyTooLarge);
    return Response{.status = 413, .body = "the body is larger than " + std::to_string(limits.body_bytes) + " bytes\n"};
  }
  if (auto refused = Router::admit(*route_, request_)) return refused;
  if (!core_.would_fit(body_left_) || (route_->aside && !core_.aside.would_take(body_left_))) {
    core_.metrics.rejected(Rejection::kBytesInFlight);
    return Response{.status = 429, .body = "too many bytes in flight\n", .retry_after_seconds = 1};
  }
  const auto expect = parser_->value(field::expect);
  if (!expect.empty() && !beast::iequals(header[field::expect], "100-continue")) {
    return Response{.status = 417, .body = "the only expectation known here is 100-continue\n"};
  }
  return std::nullopt;
}

// ---- body ----

void Connection::expect_body() {
  if (!unread_) return handle();
  enter(Phase::kBody, core_.settings.limits.body);
  const auto start = chunks_ ? &Connection::receive_chunks : &Connection::receive_body;
  const bool waits = !http10_ && !parser_->value(field::expect).empty();
  if (!waits || begin_ != end_) return (this->*start)();
  output_ = kContinue;
  transmit(start);
}

void Connection::receive_body() {
  if (const auto ahead = std::min<std::uint64_t>(body_left_, end_ - begin_); ahead > 0) {
    body_.append({input_.data() + begin_, static_cast<std::size_t>(ahead)});
    begin_ += static_cast<std::size_t>(ahead);
    body_left_ -= ahead;
    if (!charge(static_cast<std::size_t>(ahead))) return;
  }
  if (body_left_ == 0) return handle();
  // Straight into the body's memory: no second buffer, no copy, never a byte of the next request.
  const auto space = body_.space(static_cast<std::size_t>(body_left_));
  receive(asio::buffer(space.data(), space.size()), &Connection::on_body_bytes);
}

void Connection::on_body_bytes(std::size_t bytes) {
  body_.commit(bytes);
  body_left_ -= bytes;
  if (charge(bytes)) receive_body();
}

void Connection::receive_chunks() { on_chunk_bytes(0); }

void Connection::on_chunk_bytes(std::size_t bytes) {
  end_ += bytes;
  const auto limit = core_.settings.limits.body_bytes;
  while (begin_ != end_ && !chunks_->done()) {
    const auto [consumed, data] = chunks_->next({input_.data() + begin_, end_ - begin_});
    begin_ += consumed;
    if (!chunks_->problem().empty()) return reject(Rejection::kMalformed, 400, std::string(chunks_->problem()) + "\n");
    if (body_.view().size() + data.size() + chunks_->announced() > limit) {
      return reject(Rejection::kBodyTooLarge, 413, "the body is larger than " + std::to_string(limit) + " bytes\n");
    }
    if (data.empty()) continue;
    body_.append(data);
    if (!charge(data.size())) return;
  }
  if (chunks_->done()) return handle();
  begin_ = end_ = 0;
  receive(asio::buffer(input_), &Connection::on_chunk_bytes);
}

bool Connection::charge(std::size_t bytes) {
  core_.metrics.received(bytes);
  if (!route_->aside || core_.charge_aside(bytes, charged_)) {
    if (core_.charge(bytes)) {
      charged_ += bytes;
      return true;
    }
    if (route_->aside) core_.release_aside(bytes);
  }
  core_.metrics.rejected(Rejection::kBytesInFlight);
  answer_early({.status = 429, .body = "too many bytes in flight\n", .retry_after_seconds = 1});
  return false;
}

void Connection::release() {
  const auto bytes = std::exchange(charged_, 0);
  core_.release(bytes);
  if (route_ != nullptr && route_->aside) core_.release_aside(bytes);
}

void Connection::handle() {
  unread_ = false;
  request_.body = body_.view();
  if (route_->aside) return handle_aside();
  on_handled(Router::answer(*route_, request_));
}

void Connection::handle_aside() {
  phase_ = Phase::kAside;
  timer_.cancel();
  // Nothing is received or sent meanwhile: all that the handler reads stays as it is, and only the work guard keeps a
  // server that drains from taking its context for empty.
  const bool taken =
      core_.aside.add(charged_, [self = shared_from_this(), work = asio::make_work_guard(socket_.get_executor()),
                                 since = std::chrono::steady_clock::now()]() mutable {
        // Its client has given up by then, and sends it again: the same work a second time would end this for
        // everybody.
        auto response = std::chrono::steady_clock::now() - since > kAsideWait
                            ? Response{.status = 503, .body = "too busy for this path\n", .retry_after_seconds = 10}
                            : Router::answer(*self->route_, self->request_);
        asio::post(work.get_executor(), [self, response = std::move(response)] {
          if (self->phase_ != Phase::kClosed) self->on_handled(response);
        });
      });
  if (taken) return;
  core_.metrics.rejected(Rejection::kBytesInFlight);
  on_handled({.status = 429, .body = "too many requests wait for this path\n", .retry_after_seconds = 1});
}

void Connection::on_handled(const Response& response) {
  release();
  if (route_->aside && core_.crowded()) keep_ = false;
  answer(response);
}

}  // namespace remint::http
