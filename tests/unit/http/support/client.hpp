#pragma once
// A client that can misbehave: raw bytes over TCP or TLS on loopback, every wait with a deadline.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace remint::testing {

struct ClientTls {
  std::string ca_file;
  std::string certificate_file = {};  ///< empty: shows none
  std::string key_file = {};
  int max_version = 0;    ///< OpenSSL's TLS1_2_VERSION and the like; 0: any
  std::string alpn = {};  ///< in wire form
};

struct Reply {
  int status = 0;                              ///< 0: the connection ended before a whole answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

inline constexpr std::chrono::milliseconds kPatience{10'000};

class Client {
 public:
  /// Connects to 127.0.0.1. error() says why when it failed.
  explicit Client(std::uint16_t port, const std::optional<ClientTls>& tls = std::nullopt);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) noexcept;
  ~Client();

  [[nodiscard]] const std::string& error() const { return error_; }
  /// False when the peer has closed.
  bool send(std::string_view bytes);
  /// One answer: status line, headers and a Content-Length body. `head`: the answer has no body.
  Reply receive(bool head = false, std::chrono::milliseconds patience = kPatience);
  Reply ask(std::string_view request) { return send(request) ? receive() : Reply{}; }
  /// True when the peer ends the connection within the time; bytes before that are skipped.
  bool closed_within(std::chrono::milliseconds patience);
  /// The protocol chosen by ALPN, and the subject's common name and the serial number of the server's certificate.
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] std::string server_serial() const;
  /// Bytes that wait to be read have arrived.
  [[nodiscard]] std::string receive_bytes(std::size_t wanted, std::chrono::milliseconds patience = kPatience);

 private:
  struct Tls;
  bool more(std::chrono::steady_clock::time_point until);
  int socket_ = -1;
  std::unique_ptr<Tls> tls_;
  std::string error_, input_;
  bool eof_ = false;
};

/// "POST /path HTTP/1.1" with Host, Content-Length and the extra header lines (each ending in CR LF).
[[nodiscard]] std::string post(std::string_view path, std::string_view body, std::string_view headers = {});
[[nodiscard]] std::string get(std::string_view path);

/// Waits until the condition holds; false when the patience ends.
[[nodiscard]] bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience = kPatience);

}  // namespace remint::testing
