#pragma once
// HTTP to one API server, as an interface: cpprestsdk stands behind it, a fake in unit tests.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"
#include "remint/kube/config.hpp"

namespace remint::kube {

struct Request {
  std::string method = "GET";
  std::string path;  ///< path and query, already percent-encoded
  std::string content_type;
  std::string accept = "application/json";
  std::string body;
  /// For send(): the whole exchange. For stream(): until the headers, then the longest silence between two reads.
  std::chrono::milliseconds timeout{30'000};
  /// For stream(): the longest silence, where it differs from `timeout`. A watch may be silent for minutes, but its
  /// headers come at once. 0: the same.
  std::chrono::milliseconds silence{0};
  /// For stream(): the whole exchange, where there is a limit to it. 0: none.
  std::chrono::milliseconds total{0};
};

struct Response {
  int status = 0;
  std::uint32_t retry_after_seconds = 0;
  std::string body;
  /// The answer was 401, and newer credentials have been found since the request was sent: one more try makes sense.
  bool credentials_renewed = false;
};

/// Receives the body of a streamed response piece by piece; returns an error to end the stream.
using ChunkSink = std::function<Result<void>(std::string_view)>;

/// Thread-safe. Every call can be cancelled by its stop token from another thread and never outlives its deadline.
/// HTTP error statuses are responses, not errors; errors are: kUnavailable (connect, TLS, cut), kTimeout, kCancelled,
/// kTooLarge, kInvalid (credentials, path). Error::unsent is set when a request with a body certainly did not reach the
/// server. Redirects are not followed: a 3xx is a response.
class Transport {
 public:
  virtual ~Transport() = default;
  /// `max_body`: kTooLarge beyond it.
  [[nodiscard]] virtual Result<Response> send(const Request& request, const std::stop_token& stop,
                                              std::size_t max_body = 64U << 20U) = 0;
  /// Streams a 2xx body into `sink`; for other statuses the body (at most 64 KiB) is in the response. Returns when the
  /// body has ended well; a body cut short is kUnavailable.
  [[nodiscard]] virtual Result<Response> stream(const Request& request, const ChunkSink& sink,
                                                const std::stop_token& stop) = 0;
};

struct TransportSettings {
  std::string user_agent;  ///< "remint/0.1.0 (linux/amd64)"
};

/// Must be called at the start of main, before any thread exists: sizes cpprestsdk's thread pool and keeps OpenSSL from
/// loading the system's CA bundle on each connection (facts: dependencies.md, cpprestsdk trap 5), and from cleaning up
/// at exit what that pool's threads still use.
void prepare_process(unsigned threads = 4);

/// The cpprestsdk transport. Reads files named by the config lazily and again when they change; a 401 also forces a
/// re-read.
[[nodiscard]] Result<std::shared_ptr<Transport>> make_transport(const Config& config,
                                                                const TransportSettings& settings);

}  // namespace remint::kube
