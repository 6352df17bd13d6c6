#pragma once
// A small HTTP(S)/1.1 server for tests: one thread per connection, and full control over what goes out, also wrong
// bytes. What a path means is the handler's business.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "support/test_ca.hpp"

namespace remint::testing {

using Headers = std::map<std::string, std::string>;

struct HttpRequest {
  std::string method;
  std::string path;                          ///< percent-decoded, without the query
  std::map<std::string, std::string> query;  ///< percent-decoded
  Headers headers;                           ///< names in lower case
  std::string body;
  std::string client_certificate_user;  ///< common name of a verified client certificate; empty: none
  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
  [[nodiscard]] std::string parameter(const std::string& name) const;
};

/// What a handler may do with its connection. Only for the thread that the handler was called in. A false return means
/// the client is gone or the server stops: give up.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  virtual bool respond(int status, std::string_view body, const Headers& headers = {}) = 0;
  /// A chunked answer: begin, any number of chunks, end.
  virtual bool begin_chunks(int status, const Headers& headers = {}) = 0;
  virtual bool chunk(std::string_view data) = 0;
  virtual bool end_chunks() = 0;
  /// These bytes as they are; the connection is closed afterwards.
  virtual bool raw(std::string_view bytes) = 0;
  /// Ends the connection after the handler without another byte.
  virtual void drop() = 0;
  /// The client closed, or the server stops.
  [[nodiscard]] virtual bool gone() = 0;
};

using HttpHandler = std::function<void(const HttpRequest&, HttpConnection&)>;

struct ListenerTls {
  PemPair server;
  std::string client_ca;  ///< verify client certificates with it; empty: ask for none
  bool require_client_certificate = false;
};

/// Serves on 127.0.0.1 from construction to stop(). Bodies up to 64 MiB. Thread-safe.
class HttpListener {
 public:
  /// Port 0: any free one. Throws std::runtime_error when it cannot listen.
  HttpListener(HttpHandler handler, std::uint16_t port, std::optional<ListenerTls> tls);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t open_connections() const;
  /// Connections accepted since the start.
  [[nodiscard]] std::size_t accepted() const;
  /// Cuts all open connections; new ones are served.
  void cut_all();
  /// Cuts all connections and joins their threads.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::testing
