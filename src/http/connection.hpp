#pragma once
// One client's connection, from accept to close: a state machine of phases, each with a deadline. Included by the two
// files that know Asio.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "body_buffer.hpp"
#include "chunk_decoder.hpp"
#include "core.hpp"

namespace remint::http {

/// Lives as long as it has an operation under way. All work is done on its socket's executor, one step at a time.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Tcp = boost::asio::ip::tcp;
  using TlsContext = boost::asio::ssl::context;

  /// `tls` is null for plain HTTP. `core` must outlive the connection.
  Connection(Tcp::socket socket, std::shared_ptr<TlsContext> tls, Core& core);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  void start();
  /// Thread-safe: the request in flight is finished; a connection without one gets Core::linger for a last one.
  void drain();
  /// Thread-safe: closes at once.
  void abort();

 private:
  enum class Phase : std::uint8_t { kHandshake, kIdle, kHeader, kBody, kAside, kAnswer, kDiscard, kShutdown, kClosed };
  using Next = void (Connection::*)(std::size_t);
  using Milliseconds = std::chrono::milliseconds;
  struct Parser;  ///< Beast's; complete in connection_request.cpp alone

  void enter(Phase phase, Milliseconds limit);
  void on_deadline();
  void handshake();
  void receive(boost::asio::mutable_buffer space, Next next);
  void on_received(const boost::system::error_code& error, std::size_t bytes, Next next);
  void on_late();
  void transmit(void (Connection::*done)());

  void first_request();
  void next_request();
  void receive_header();
  void on_header_bytes(std::size_t bytes);
  void parse_header(std::size_t size);
  [[nodiscard]] std::optional<Response> check_header();
  void expect_body();
  void receive_body();
  void on_body_bytes(std::size_t bytes);
  void receive_chunks();
  void on_chunk_bytes(std::size_t bytes);
  [[nodiscard]] bool charge(std::size_t bytes);
  void handle();
  void handle_aside();
  void on_handled(const Response& response);
  /// What the request's body has taken of the budgets.
  void release();

  void reject(Rejection reason, int status, std::string text);
  /// Answers before the body was read: the connection cannot be used again.
  void answer_early(const Response& response);
  void answer(const Response& response);
  void on_answered();
  void receive_rest();
  void on_rest(std::size_t bytes);
  void shutdown();
  void close();

  Core& core_;
  Tcp::socket socket_;
  std::shared_ptr<TlsContext> tls_context_;
  std::optional<boost::asio::ssl::stream<Tcp::socket&>> tls_;
  boost::asio::steady_timer timer_;
  Phase phase_ = Phase::kHandshake;
  bool expired_ = false;  ///< the deadline passed while receiving: the operation under way was cancelled to answer 408

  std::vector<char> input_;  ///< received and not yet used: [begin_, end_)
  std::size_t begin_ = 0, end_ = 0, searched_ = 0;
  std::shared_ptr<Parser> parser_;  ///< shared_ptr only because it needs no complete type here
  Request request_;
  const Route* route_ = nullptr;
  BodyBuffer body_;
  std::uint64_t body_left_ = 0, charged_ = 0, discarded_ = 0;
  std::optional<ChunkDecoder> chunks_;
  bool keep_ = false, http10_ = false;
  bool unread_ = false;  ///< bytes of this request may still come
  std::string output_;
  std::string peer_, client_subject_;
  bool client_verified_ = false;
};

}  // namespace remint::http
