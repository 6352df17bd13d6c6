#include "scripted_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace remint::kube::testing {

class ScriptedServer::Peer final : public Connection {
 public:
  Peer(ScriptedServer& server, int socket) : server_(server), socket_(socket) {
    if (server.tls_context_ != nullptr) {
      ssl_ = SSL_new(static_cast<SSL_CTX*>(server.tls_context_));
      SSL_set_fd(ssl_, socket_);
      alive_ = SSL_accept(ssl_) == 1;
    }
  }
  ~Peer() override {
    if (ssl_ != nullptr) {
      if (alive_) {
        SSL_shutdown(ssl_);
      }
      SSL_free(ssl_);
    }
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  [[nodiscard]] bool alive() const { return alive_; }

  std::string read_request() override {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) {
        return "";
      }
    }
    std::string head = take(end + 4);
    const std::scoped_lock lock(server_.mutex_);
    server_.requests_.push_back(head);
    return head;
  }

  std::string read_bytes(std::size_t size) override {
    while (buffer_.size() < size && fill()) {
    }
    return take(std::min(size, buffer_.size()));
  }

  bool send(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto sent = ssl_ != nullptr
                            ? static_cast<ssize_t>(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())))
                            : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool wait_for_close() override {
    while (fill()) {
    }
    return !server_.stopping_.load();
  }

 private:
  bool fill() {
    std::array<char, 65536> chunk{};
    const auto got = ssl_ != nullptr
                         ? static_cast<ssize_t>(SSL_read(ssl_, chunk.data(), static_cast<int>(chunk.size())))
                         : ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (got <= 0) {
      return false;
    }
    buffer_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }

  std::string take(std::size_t size) {
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  ScriptedServer& server_;
  int socket_;
  SSL* ssl_ = nullptr;
  bool alive_ = true;
  std::string buffer_;
};

ScriptedServer::ScriptedServer(Script script, void* tls_context, bool v6)
    : script_(std::move(script)), tls_context_(tls_context), v6_(v6) {
  listener_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in v4_address{};
  v4_address.sin_family = AF_INET;
  v4_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6_address{};
  v6_address.sin6_family = AF_INET6;
  v6_address.sin6_addr = in6addr_loopback;
  auto* address = v6 ? reinterpret_cast<sockaddr*>(&v6_address) : reinterpret_cast<sockaddr*>(&v4_address);
  socklen_t size = v6 ? sizeof v6_address : sizeof v4_address;
  if (listener_ < 0 || ::bind(listener_, address, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, address, &size) != 0) {
    throw std::runtime_error("cannot listen on the loopback address");
  }
  port_ = ntohs(v6 ? v6_address.sin6_port : v4_address.sin_port);
  acceptor_ = std::jthread([this] { accept_loop(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_.store(true);
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::scoped_lock lock(mutex_);
    for (const int socket : sockets_) {
      ::shutdown(socket, SHUT_RDWR);
    }
  }
  threads_.clear();
  for (const int socket : sockets_) {
    ::close(socket);
  }
  ::close(listener_);
}

void ScriptedServer::accept_loop() {
  while (!stopping_.load()) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      continue;
    }
    const int number = connections_.fetch_add(1);
    const std::scoped_lock lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number] {
      {
        Peer peer(*this, socket);
        if (peer.alive()) {
          script_(peer, number);
        }
      }
      ::shutdown(socket, SHUT_RDWR);  // closed by the destructor, so that its number is not reused before
    });
  }
}

std::string ScriptedServer::url() const {
  return fmt::format("{}://{}:{}", tls_context_ != nullptr ? "https" : "http", v6_ ? "[::1]" : "127.0.0.1", port_);
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

std::string http_response(int status, std::string_view body, std::string_view extra_headers) {
  return fmt::format("HTTP/1.1 {} Text\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), extra_headers, body);
}

}  // namespace remint::kube::testing
