#pragma once
// The HTTPS server behind every endpoint of Remint: audit intake, metrics, health. Boost.Beast, HTTP/1.1, one process,
// bounded in everything that a sender controls. Handlers run on the server's I/O threads and must answer at once.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/base/result.hpp"
#include "remint/metrics/registry.hpp"

namespace remint::http {

/// One request. All views die when the handler returns.
struct Request {
  std::string_view method = {};
  std::string_view path = {};   ///< without the query
  std::string_view query = {};  ///< without '?'; empty when there is none
  std::string_view content_type = {};
  std::string_view content_encoding = {};
  std::string_view authorization = {};
  std::string_view access_key = {};  ///< X-Amz-Firehose-Access-Key: the only header in which Firehose shows a secret
  std::string_view body = {};
  std::string_view peer_address = {};    ///< textual, without port
  std::string_view client_subject = {};  ///< common name of the verified client certificate; empty when none was shown
  bool client_certificate_verified = false;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::optional<std::uint32_t> retry_after_seconds = {};
  std::string allow = {};  ///< the methods that the path takes, for 405
};

/// Must be thread-safe when Settings::threads > 1, or the route is `aside`. An exception becomes a 500 and is logged.
using Handler = std::function<Response(const Request&)>;

struct Route {
  std::string method;  ///< "GET", "POST"; another method on a known path is answered 405
  std::string path;    ///< exact match; unknown paths are 404
  Handler handler;
  /// Optional: called when the header has been read and before any of the body is (Request::body is empty). A Response
  /// ends the request there, so that a caller who may not post at all cannot make us receive 16 MB first. Same rules as
  /// a Handler.
  std::function<std::optional<Response>(const Request&)> admit = {};
  /// The handler may take long: it runs on a thread beside those of the server, one request at a time for all such
  /// routes together, so that the others are answered meanwhile. Up to 64 requests and a quarter of
  /// Limits::bytes_in_flight wait for it; what comes beyond gets 429.
  bool aside = false;
};

struct TlsFiles {
  std::string certificate_file;             ///< PEM chain
  std::string key_file;                     ///< PEM
  std::string client_ca_file;               ///< PEM; empty: client certificates are not asked for
  bool require_client_certificate = false;  ///< false with a CA: verified when shown, needed by no one
};

/// Every bound on what a sender may do.
struct Limits {
  std::uint64_t body_bytes = 16U << 20U;
  std::uint32_t header_bytes = 16U << 10U;
  std::uint32_t connections = 256;  ///< more are closed on accept and counted
  std::uint64_t bytes_in_flight =
      128U << 20U;  ///< bodies being received or handled, all connections together; more gets 429
  std::chrono::milliseconds handshake_and_header{
      10'000};                             ///< from accept (or a request's first byte) to the header's end
  std::chrono::milliseconds body{15'000};  ///< from the header's end to the body's end: 408 when it passes
  std::chrono::milliseconds idle{20'000};  ///< between requests, and for the client to take an answer
};

struct Settings {
  std::string name;             ///< label of the metrics: "audit", "ops"
  std::string listen;           ///< "127.0.0.1:8443", "[::]:8080"; port 0 picks a free one
  std::optional<TlsFiles> tls;  ///< absent: plain HTTP
  Limits limits;
  unsigned threads = 1;
};

/// Thread-safe. Certificate, key and client CA files are read again when they change on disk (checked every second, and
/// a broken file keeps the old one, with a log line and a metric).
class Server {
 public:
  virtual ~Server() = default;
  /// Binds, loads the certificates and starts to serve. Errors name the address or the file.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(Settings settings, std::vector<Route> routes,
                                                             metrics::Registry& metrics);
  /// The port that was bound.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Stops accepting, lets requests in flight finish until the deadline, closes the rest. A kept-alive connection may
  /// use the first half second for one more request, which is answered with "Connection: close": so a busy client sees
  /// no error. Idempotent; the destructor calls it. Never to be called by a handler.
  virtual void drain(std::chrono::milliseconds deadline) = 0;
};

}  // namespace remint::http
