#pragma once
// Who and why: joins rejected audit events, which name a caller, to lines of the API servers' logs, which name a
// reason. Facts: control-plane.md, "Real dead tokens", finding 1: the reason's line lies inside the event's time
// window.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "remint/detect/apiserver_log.hpp"

namespace remint::detect {

struct ReasonJoinLimits {
  std::size_t streams = 64;        ///< API servers; lines of further ones are not taken
  std::size_t lines = 65'536;      ///< reasons of one stream, and as many requests; the oldest go first
  std::size_t candidates = 1'024;  ///< looked at for one event; a window that holds more is ambiguous
  Duration keep = std::chrono::minutes(10);
  /// Added to both ends of the event's window: 0, since the API server takes all three times from one clock.
  Duration slack{};
  /// How long before its httplog line a request's reason can have been written.
  Duration before_request = std::chrono::milliseconds(2);
  /// How long after the event's stage its httplog line can come.
  Duration after_stage = std::chrono::seconds(1);
};

/// Pure, one owner. The answers depend on which lines were added, never on the order in which they came: lines may be
/// late, doubled and shuffled.
class ReasonJoin {
 public:
  /// One API server, told apart by the owner.
  using Stream = std::uint32_t;

  enum class Result : std::uint8_t {
    kNone,       ///< no line fits (yet)
    kJoined,     ///< one line fits, or all that fit agree in diagnosis and in what they name
    kAmbiguous,  ///< several fit and disagree
  };
  struct Join {
    Result result = Result::kNone;
    const ApiServerLine* line = nullptr;  ///< kJoined: the earliest that fits; valid until the next add or expire
    bool exact = false;                   ///< by Audit-Id, not by time alone
  };

  explicit ReasonJoin(ReasonJoinLimits limits = {});
  ~ReasonJoin();
  ReasonJoin(const ReasonJoin&) = delete;
  ReasonJoin& operator=(const ReasonJoin&) = delete;

  /// False when it was not taken: too old, of one stream too many, or a request without Audit-Id, which joins nothing.
  bool add(Stream stream, ApiServerLine line);
  /// Forgets what is older than `now - keep`; later lines as old as that are not taken any more.
  void expire(Time now);

  /// For a rejected event: requestReceivedTimestamp, stageTimestamp, auditID (may be empty). A request with that
  /// Audit-Id inside the event's window tells the API server and the moment: the reason is among the lines of that
  /// stream just before it. Clients can choose the Audit-Id, so it counts inside the window only, and two requests with
  /// one id must agree. Without such a request, all reasons of all streams in the window count. O(log lines + lines
  /// looked at).
  [[nodiscard]] Join find(Time received, Time staged, std::string_view audit_id) const;

  /// Lines held, of both kinds and all streams.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::detect
