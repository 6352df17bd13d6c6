#include "client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>
#include <utility>

namespace remint::testing {
namespace {

using Steady = std::chrono::steady_clock;

// OpenSSL writes with write(2), which raises SIGPIPE when the server has gone.
const auto kIgnoreSigpipe = std::signal(SIGPIPE, SIG_IGN);

bool readable(int socket, Steady::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now()).count();
  pollfd wait{socket, POLLIN, 0};
  return left > 0 && ::poll(&wait, 1, static_cast<int>(left)) > 0;
}

}  // namespace

struct Client::Tls {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

Client::Client(std::uint16_t port, const std::optional<ClientTls>& tls) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    error_ = "connect";
    return;
  }
  if (!tls) return;
  const timeval patience{10, 0};  // the handshake below is blocking
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  tls_ = std::make_unique<Tls>();
  SSL_CTX_load_verify_file(tls_->context, tls->ca_file.c_str());
  SSL_CTX_set_verify(tls_->context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(tls_->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (tls->max_version != 0) {
    SSL_CTX_set_security_level(tls_->context, 0);
    SSL_CTX_set_min_proto_version(tls_->context, 0);
    SSL_CTX_set_max_proto_version(tls_->context, tls->max_version);
  }
  if (!tls->certificate_file.empty()) {
    SSL_CTX_use_certificate_chain_file(tls_->context, tls->certificate_file.c_str());
    SSL_CTX_use_PrivateKey_file(tls_->context, tls->key_file.c_str(), SSL_FILETYPE_PEM);
  }
  tls_->ssl = SSL_new(tls_->context);
  if (!tls->alpn.empty()) {
    SSL_set_alpn_protos(tls_->ssl, reinterpret_cast<const unsigned char*>(tls->alpn.data()),
                        static_cast<unsigned>(tls->alpn.size()));
  }
  SSL_set_fd(tls_->ssl, socket_);
  SSL_set1_host(tls_->ssl, "localhost");
  ERR_clear_error();
  if (SSL_connect(tls_->ssl) != 1) {
    const char* reason = ERR_reason_error_string(ERR_get_error());
    error_ = reason == nullptr ? "handshake" : reason;
  }
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      tls_(std::move(other.tls_)),
      error_(std::move(other.error_)),
      input_(std::move(other.input_)),
      eof_(other.eof_) {}

Client::~Client() {
  tls_.reset();
  if (socket_ >= 0) ::close(socket_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = 0;
    if (tls_) {
      ERR_clear_error();
      sent = SSL_write(tls_->ssl, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 20U)));
    } else {
      sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::more(Steady::time_point until) {
  if (eof_) return false;
  const bool buffered = tls_ && SSL_pending(tls_->ssl) > 0;
  if (!buffered && !readable(socket_, until)) return false;
  std::array<char, 16384> buffer;
  ssize_t got = 0;
  if (tls_) {
    ERR_clear_error();
    got = SSL_read(tls_->ssl, buffer.data(), static_cast<int>(buffer.size()));
  } else {
    got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  }
  if (got <= 0) {
    eof_ = true;
    return false;
  }
  input_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

Reply Client::receive(bool head, std::chrono::milliseconds patience) {
  const auto until = Steady::now() + patience;
  auto end = input_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!more(until)) return {};
    end = input_.find("\r\n\r\n");
  }
  Reply reply;
  std::size_t line = input_.find("\r\n");
  const int status = std::atoi(input_.substr(9, 3).c_str());
  while (line < end) {
    const auto from = line + 2;
    line = input_.find("\r\n", from);
    const auto colon = input_.find(": ", from);
    auto name = input_.substr(from, colon - from);
    std::ranges::transform(name, name.begin(),
                           [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    reply.headers[name] = input_.substr(colon + 2, line - colon - 2);
  }
  std::size_t length = 0;
  if (!head && reply.headers.contains("content-length")) length = std::stoul(reply.headers["content-length"]);
  while (input_.size() < end + 4 + length) {
    if (!more(until)) return {};
  }
  reply.body = input_.substr(end + 4, length);
  input_.erase(0, end + 4 + length);
  reply.status = status;
  return reply;
}

std::string Client::receive_bytes(std::size_t wanted, std::chrono::milliseconds patience) {
  const auto until = Steady::now() + patience;
  while (input_.size() < wanted && more(until)) {
  }
  return input_;
}

bool Client::closed_within(std::chrono::milliseconds patience) {
  const auto until = Steady::now() + patience;
  while (more(until)) {
  }
  return eof_;
}

std::string Client::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_->ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string Client::server_serial() const {
  X509* certificate = SSL_get1_peer_certificate(tls_->ssl);
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* text = BN_bn2hex(number);
  std::string serial = text;
  OPENSSL_free(text);
  BN_free(number);
  X509_free(certificate);
  return serial;
}

std::string post(std::string_view path, std::string_view body, std::string_view headers) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto until = Steady::now() + patience;
  while (!condition()) {
    if (Steady::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace remint::testing
