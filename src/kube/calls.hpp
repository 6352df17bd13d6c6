#pragma once
// One call to the API: attempts, waits between them, the guard before each write, and the numbers.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "remint/kube/client.hpp"
#include "remint/kube/retry.hpp"

namespace remint::kube {

struct Call {
  std::string verb;      ///< as RBAC names it: "get", "list", "create" ...
  std::string resource;  ///< "pods", "pods/log"
  std::string what;      ///< "cannot get Pod shop/cart-0": begins every error
  Request request;
  RetryClass kind = RetryClass::kRead;
  std::chrono::milliseconds budget{0}, attempt{0};
  std::size_t max_body = 0;
  /// When set, the body of a 2xx goes there while it arrives, and run() returns "".
  ChunkSink sink{};
  /// Asked before another attempt, when there is a sink: false when what it has got cannot be taken back.
  std::function<bool()> again{};
};

/// Thread-safe.
class Calls {
 public:
  Calls(std::shared_ptr<Transport> transport, metrics::Registry& metrics, const Clock& clock, WriteGuard guard,
        ClientSettings settings);
  /// The body of a 2xx, or the error of the last attempt.
  [[nodiscard]] Result<std::string> run(Call call, const std::stop_token& stop);
  /// One attempt, streamed. The Result is the stream's end, or the HTTP error.
  [[nodiscard]] Result<void> stream(const Call& call, const ChunkSink& sink, const std::stop_token& stop);

  const ClientSettings settings;

 private:
  [[nodiscard]] Result<Response> attempt(Call& call, std::chrono::nanoseconds deadline, const std::stop_token& stop);
  [[nodiscard]] bool pause(const RetryQuestion& question, const std::string& verb, const std::stop_token& stop);
  void count(const std::string& verb, const std::string& resource, const Result<Response>& response);
  [[nodiscard]] std::chrono::milliseconds until(std::chrono::nanoseconds deadline) const;

  const std::shared_ptr<Transport> transport_;
  metrics::Registry& metrics_;
  const Clock& clock_;
  const WriteGuard guard_;
  std::map<std::string, metrics::Histogram*, std::less<>> durations_;
  std::map<std::string, metrics::Counter*, std::less<>> retries_;
  std::mutex mutex_;  ///< of requests_
  std::map<std::tuple<std::string, std::string, std::string>, metrics::Counter*> requests_;
};

}  // namespace remint::kube
