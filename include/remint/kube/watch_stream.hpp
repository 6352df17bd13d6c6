#pragma once
// The lines of a watch: pieces of bytes in, events out.

#include <memory>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"
#include "remint/kube/client.hpp"

namespace remint::kube {

/// Lines may be cut anywhere, also within a UTF-8 character. Not thread-safe.
class WatchStream {
 public:
  /// An object is at most 1.5 MB in etcd, and JSON can be several times that.
  static constexpr std::size_t kMaxLine = 16U << 20U;

  explicit WatchStream(const WatchSink& sink, std::size_t max_line = kMaxLine);
  ~WatchStream();
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;

  /// kTooLarge: a line beyond the cap. kInvalid: not a watch event. An ERROR event is returned as the Error that its
  /// Status tells: kGone for 410. An error of the sink ends it and is returned. After an error the stream must not be
  /// fed again.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  /// The stream has ended: kUnavailable when it ended within a line.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> take_line();

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::kube
