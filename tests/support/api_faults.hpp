#pragma once
// Scripted misbehaviour, and the log of what was asked.

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/http_listener.hpp"

namespace remint::testing {

/// What happens to a request instead of being served.
struct Fault {
  enum class Kind : std::uint8_t {
    kAnswer,      ///< status, body and headers as given
    kRaw,         ///< `body` is sent as it is, then the connection is closed: garbage, half an answer, nothing
    kHang,        ///< no answer until release_hanging(), the client leaves or the server stops; then closed
    kClose,       ///< closed without an answer, the request not carried out
    kLoseAnswer,  ///< carried out, then closed without an answer
  };
  Kind kind = Kind::kAnswer;
  int status = 500;
  std::string body;
  Headers headers;

  /// With the Status body of a real API server; for 429 `retry_after_seconds` becomes Retry-After.
  [[nodiscard]] static Fault answer(int status, int retry_after_seconds = 0);
  [[nodiscard]] static Fault raw(std::string bytes) { return {Kind::kRaw, 0, std::move(bytes), {}}; }
  [[nodiscard]] static Fault hang() { return {Kind::kHang, 0, {}, {}}; }
  [[nodiscard]] static Fault close() { return {Kind::kClose, 0, {}, {}}; }
  [[nodiscard]] static Fault lose_answer() { return {Kind::kLoseAnswer, 0, {}, {}}; }
};

/// Which requests a fault is for. Empty members match anything.
struct FaultMatch {
  std::string method;
  std::string path_prefix;
  std::string query;   ///< a parameter that must be there: "watch=true"
  unsigned times = 1;  ///< how many requests; kAlways
  static constexpr unsigned kAlways = ~0U;
};

struct LoggedRequest {
  HttpRequest request;  ///< bodies are kept up to 64 KiB
  std::chrono::steady_clock::time_point at;
};

/// Thread-safe.
class ApiFaults {
 public:
  /// Faults are tried in the order in which they were added.
  void add(FaultMatch match, Fault fault);
  void clear();
  /// The fault for a request, which uses it up.
  [[nodiscard]] std::optional<Fault> take(const HttpRequest& request);
  /// How often a fault was taken.
  [[nodiscard]] std::size_t taken() const;

  void hang(HttpConnection& connection);
  void release_hanging();
  [[nodiscard]] std::size_t hanging() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable released_;
  std::list<std::pair<FaultMatch, Fault>> faults_;
  std::size_t taken_ = 0, hanging_ = 0;
  std::uint64_t releases_ = 0;
};

/// The newest 10,000 requests. Thread-safe.
class RequestLog {
 public:
  void add(const HttpRequest& request);
  void clear();
  [[nodiscard]] std::vector<LoggedRequest> all() const;
  /// How many of the requests kept match.
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& path_prefix,
                                  const std::string& query = {}) const;
  [[nodiscard]] std::vector<LoggedRequest> matching(const std::string& method, const std::string& path_prefix,
                                                    const std::string& query = {}) const;

 private:
  mutable std::mutex mutex_;
  std::list<LoggedRequest> requests_;
};

/// Whether a request has this method (empty: any), path prefix and query parameter ("name" or "name=value"; empty:
/// any).
[[nodiscard]] bool matches(const HttpRequest& request, const std::string& method, const std::string& path_prefix,
                           const std::string& query);

}  // namespace remint::testing
