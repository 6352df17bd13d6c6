#pragma once
// A Transport that answers from a list, and remembers what it was asked.

#include <deque>
#include <mutex>
#include <vector>

#include "remint/kube/transport.hpp"

namespace remint::kube::testing {

class FakeTransport final : public Transport {
 public:
  void answer(int status, std::string body, std::uint32_t retry_after = 0, bool renewed = false) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    response.retry_after_seconds = retry_after;
    response.credentials_renewed = renewed;
    answers_.emplace_back(std::move(response));
  }
  void fail_with(ErrorCode code, bool unsent = false) {
    Error error{code, "as the script says", 0};
    error.unsent = unsent;
    answers_.emplace_back(std::unexpected(std::move(error)));
  }
  /// What a 2xx of stream() delivers, piece by piece.
  std::vector<std::string> pieces;
  std::vector<Request> requests;

  Result<Response> send(const Request& request, const std::stop_token&, std::size_t) override { return next(request); }
  Result<Response> stream(const Request& request, const ChunkSink& sink, const std::stop_token&) override {
    auto response = next(request);
    if (response && response->status == 200) {
      for (const std::string& piece : pieces) {
        if (auto taken = sink(piece); !taken) {
          return std::unexpected(taken.error());
        }
      }
    }
    return response;
  }

 private:
  Result<Response> next(const Request& request) {
    requests.push_back(request);
    if (answers_.empty()) {
      return fail(ErrorCode::kInternal, "the script has no more answers");
    }
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  std::deque<Result<Response>> answers_;
};

}  // namespace remint::kube::testing
