#pragma once
// A Transport that answers from a list, and remembers what it was asked.

#include <deque>
#include <map>
#include <mutex>
#include <utility>
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
  /// What a 2xx of stream() delivers, piece by piece; without any, its body.
  std::vector<std::string> pieces;
  /// The 200 with that number, counted from 1, is cut after so many bytes of its body.
  std::map<int, std::size_t> cuts;
  std::vector<Request> requests;

  Result<Response> send(const Request& request, const std::stop_token&, std::size_t) override { return next(request); }
  Result<Response> stream(const Request& request, const ChunkSink& sink, const std::stop_token&) override {
    auto response = next(request);
    if (response && response->status == 200) {
      const auto cut = cuts.find(++streamed_);
      std::string body = std::exchange(response->body, {});
      for (const std::string& piece :
           pieces.empty() ? std::vector{body.substr(0, cut == cuts.end() ? body.size() : cut->second)} : pieces) {
        if (auto taken = sink(piece); !taken) {
          return std::unexpected(taken.error());
        }
      }
      if (cut != cuts.end()) {
        return fail(ErrorCode::kUnavailable, "cut, as the script says");
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
  int streamed_ = 0;
};

}  // namespace remint::kube::testing
