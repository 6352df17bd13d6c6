#pragma once
// A transport without a network: a test says, as functions, what the API server answers.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "remint/kube/transport.hpp"

namespace remint::testing {

/// Thread-safe. Handlers run on the caller's thread, without a lock.
class FakeTransport final : public kube::Transport {
 public:
  using Answer = Result<kube::Response>;
  using Sender = std::function<Answer(const kube::Request&, const std::stop_token&)>;
  using Streamer = std::function<Answer(const kube::Request&, const kube::ChunkSink&, const std::stop_token&)>;

  void on_send(Sender sender) {
    const std::lock_guard lock(mutex_);
    sender_ = std::move(sender);
  }
  void on_stream(Streamer streamer) {
    const std::lock_guard lock(mutex_);
    streamer_ = std::move(streamer);
  }

  Answer send(const kube::Request& request, const std::stop_token& stop, std::size_t /*max_body*/) override {
    const auto sender = note(request, sender_);
    return sender ? sender(request, stop) : status(404);
  }
  Answer stream(const kube::Request& request, const kube::ChunkSink& sink, const std::stop_token& stop) override {
    // A list is streamed too, but a test answers it as a whole.
    if (request.path.find("watch=") == std::string::npos) return whole(request, sink, stop);
    const auto streamer = note(request, streamer_);
    return streamer ? streamer(request, sink, stop) : status(404);
  }

  [[nodiscard]] std::vector<kube::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }

  static Answer ok(std::string body, int code = 200) {
    kube::Response response;
    response.status = code;
    response.body = std::move(body);
    return response;
  }
  static Answer status(int code, const std::string& reason = "", std::uint32_t retry_after = 0) {
    auto response = *ok(R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"scripted","reason":")" +
                            reason + R"(","code":)" + std::to_string(code) + "}",
                        code);
    response.retry_after_seconds = retry_after;
    return response;
  }
  static Answer cut() { return fail(ErrorCode::kUnavailable, "connection reset (scripted)"); }
  /// A server that never answers: returns when the caller gives up.
  static Answer hang(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
    return fail(ErrorCode::kCancelled, "cancelled");
  }

 private:
  Answer whole(const kube::Request& request, const kube::ChunkSink& sink, const std::stop_token& stop) {
    auto answer = send(request, stop, 0);
    if (!answer || answer->status != 200) return answer;
    const std::string body = std::exchange(answer->body, {});
    if (auto taken = sink(body); !taken) return std::unexpected(taken.error());
    return answer;
  }

  template <class Handler>
  Handler note(const kube::Request& request, const Handler& handler) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    return handler;
  }

  mutable std::mutex mutex_;
  Sender sender_;
  Streamer streamer_;
  std::vector<kube::Request> requests_;
};

}  // namespace remint::testing
