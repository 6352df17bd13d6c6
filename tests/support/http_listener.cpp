// The one file of the test support that includes Beast and Asio: it takes half a minute to compile.

#include "support/http_listener.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "support/http_connection.hpp"
#include "support/http_message.hpp"

namespace remint::testing {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

/// Beast's parsed message, freed of Beast.
HttpRequest to_request(http::request<http::string_body>& message) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  split_target({message.target().data(), message.target().size()}, request);
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = std::string(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

std::string common_name(SSL* ssl) {
  X509* cert = SSL_get_peer_certificate(ssl);
  if (cert == nullptr) return {};
  std::array<char, 256> text{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text.data(), static_cast<int>(text.size()));
  X509_free(cert);
  return text.data();
}

template <class Stream>
void serve(Stream& stream, Session& session, const HttpHandler& handler, const std::string& user) {
  boost::beast::flat_buffer buffer;
  buffer.reserve(64U << 10U);
  while (!session.was_cut) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(64U << 20U);
    error_code error;
    http::read(stream, buffer, parser, error);
    if (error) return;
    HttpRequest request = to_request(parser.get());
    request.client_certificate_user = user;
    Connection<Stream> connection(stream, session);
    handler(request, connection);
    if (!connection.answered) connection.respond(500, "the handler did not answer", {});
    if (connection.close_after || !parser.keep_alive()) return;
  }
}

asio::ssl::context make_context(const ListenerTls& tls) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate_chain(asio::buffer(tls.server.certificate));
  context.use_private_key(asio::buffer(tls.server.key), asio::ssl::context::pem);
  if (!tls.client_ca.empty()) {
    context.add_certificate_authority(asio::buffer(tls.client_ca));
    context.set_verify_mode(asio::ssl::verify_peer |
                            (tls.require_client_certificate ? asio::ssl::verify_fail_if_no_peer_cert : 0));
  }
  return context;
}

}  // namespace

struct HttpListener::Impl {
  Impl(HttpHandler h, std::uint16_t port, const std::optional<ListenerTls>& tls)
      : handler(std::move(h)), acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), port)) {
    if (tls) context.emplace(make_context(*tls));
    port_number = acceptor.local_endpoint().port();
    accept_thread = std::thread([this] { accept_loop(); });
  }

  void accept_loop() {
    while (!stopping) {
      error_code error;
      tcp::socket socket(io);
      acceptor.accept(socket, error);
      if (error || stopping) continue;
      socket.set_option(tcp::no_delay(true), error);
      const std::lock_guard lock(mutex);
      ++accepted_count;
      reap();
      auto& session = sessions.emplace_back(std::move(socket));
      session.thread = std::thread([this, &session] { run(session); });
    }
  }

  void run(Session& session) {
    try {
      if (context) {
        asio::ssl::stream<tcp::socket&> stream(session.socket, *context);
        error_code error;
        stream.handshake(asio::ssl::stream_base::server, error);
        if (!error) {
          const std::string user = common_name(stream.native_handle());
          serve(stream, session, handler, user);
          // Without the close notice a client takes the end for an attack. Its own notice is not waited for: with the
          // reading side shut, the read that waits for it ends at once.
          if (!session.was_cut) {
            ::shutdown(session.socket.native_handle(), SHUT_RD);
            stream.shutdown(error);
          }
        }
      } else {
        serve(session.socket, session, handler, {});
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "test HTTP server: %s\n", error.what());
    }
    session.close();
    session.finished = true;
  }

  /// Under the lock.
  void reap() {
    sessions.remove_if([](Session& session) {
      if (!session.finished) return false;
      session.thread.join();
      return true;
    });
  }

  HttpHandler handler;
  asio::io_context io;
  tcp::acceptor acceptor;
  std::optional<asio::ssl::context> context;
  std::uint16_t port_number = 0;
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  std::list<Session> sessions;
  std::size_t accepted_count = 0;
  std::thread accept_thread;
};

HttpListener::HttpListener(HttpHandler handler, std::uint16_t port, std::optional<ListenerTls> tls)
    : impl_(std::make_unique<Impl>(std::move(handler), port, tls)) {}

HttpListener::~HttpListener() { stop(); }

std::uint16_t HttpListener::port() const { return impl_->port_number; }

std::size_t HttpListener::open_connections() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<std::size_t>(
      std::count_if(impl_->sessions.begin(), impl_->sessions.end(), [](const Session& s) { return !s.finished; }));
}

std::size_t HttpListener::accepted() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->accepted_count;
}

void HttpListener::cut_all() {
  const std::lock_guard lock(impl_->mutex);
  for (auto& session : impl_->sessions) session.cut();
}

void HttpListener::stop() {
  if (impl_->stopping.exchange(true)) return;
  // A blocked accept() returns when its socket is shut down (Linux).
  ::shutdown(impl_->acceptor.native_handle(), SHUT_RDWR);
  impl_->accept_thread.join();
  cut_all();
  for (auto& session : impl_->sessions) session.thread.join();
  impl_->sessions.clear();
  error_code ignored;
  impl_->acceptor.close(ignored);
}

}  // namespace remint::testing
