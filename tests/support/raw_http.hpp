#pragma once
// The plainest HTTP client there is: text in, text out. For tests of the test servers themselves, and for hostile
// requests.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "remint/base/json.hpp"

namespace remint::testing {

struct RawAnswer {
  int status = 0;                   ///< 0: none came
  std::string head;                 ///< status line and headers
  std::string body;                 ///< chunks put together
  bool whole = false;               ///< the body came to its end
  [[nodiscard]] Json json() const;  ///< discarded when it is not JSON
};

/// One request on a new connection to 127.0.0.1.
[[nodiscard]] RawAnswer raw_request(std::uint16_t port, std::string_view method, std::string_view target,
                                    std::string_view body = {}, std::string_view content_type = "application/json",
                                    std::string_view more_headers = {});

/// An open GET whose body is read line by line, as a watch is.
class RawStream {
 public:
  RawStream(std::uint16_t port, std::string_view target);
  ~RawStream();
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;
  /// The next line; empty at the end or after the time.
  [[nodiscard]] std::string line(std::chrono::milliseconds wait = std::chrono::seconds(10));
  /// As JSON; null at the end.
  [[nodiscard]] Json event(std::chrono::milliseconds wait = std::chrono::seconds(10));
  /// The server has ended the stream, well or not. Only after line() was empty.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  bool fill(std::chrono::steady_clock::time_point deadline);
  int fd_ = -1;
  std::string raw_, text_;
  bool head_read_ = false, ended_ = false;
};

}  // namespace remint::testing
