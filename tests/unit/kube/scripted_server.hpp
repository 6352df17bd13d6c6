#pragma once
// A server that says what a script tells it to, byte for byte, also what no honest server would: for the traps of the
// HTTP library. Plain sockets; one thread per connection.

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace remint::kube::testing {

/// One connection, as the script sees it. Blocking calls end when the server is destroyed.
class Connection {
 public:
  virtual ~Connection() = default;
  /// A request's head (to the blank line), or "" when the client has gone. Remembers it for ScriptedServer::requests().
  virtual std::string read_request() = 0;
  /// The next `size` bytes, fewer when the client has gone.
  virtual std::string read_bytes(std::size_t size) = 0;
  /// False: the client has gone.
  virtual bool send(std::string_view bytes) = 0;
  /// Waits until the client closes; false: the server was destroyed first.
  virtual bool wait_for_close() = 0;
};
using Script = std::function<void(Connection&, int number)>;

class ScriptedServer {
 public:
  /// `number` counts connections from 0. `tls_context` is an SSL_CTX*, not owned; `v6` listens on [::1].
  explicit ScriptedServer(Script script, void* tls_context = nullptr, bool v6 = false);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// "http://127.0.0.1:1234", "https://[::1]:1234"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] int connections() const { return connections_.load(); }

 private:
  class Peer;
  void accept_loop();

  Script script_;
  void* tls_context_;
  bool v6_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> sockets_;
  std::list<std::jthread> threads_;
  std::jthread acceptor_;
};

/// "HTTP/1.1 200 OK", Content-Length, `body`.
[[nodiscard]] std::string http_response(int status, std::string_view body, std::string_view extra_headers = "");

}  // namespace remint::kube::testing
