#pragma once
// Listing and watching as a pure state machine; the reflector's thread feeds it and does what it says.
// Model: list in pages, then watch from the list's resourceVersion; bookmarks move it on; 410 means list again; a cut
// or silent connection means watch again from where we were; backoff between failures, reset after two quiet minutes.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "remint/base/backoff.hpp"
#include "remint/base/result.hpp"

namespace remint::runtime {

/// Not thread-safe: the reflector's thread owns it.
class Watcher {
 public:
  // What the shell reports.
  struct Listed {
    std::string resource_version;
  };
  struct Seen {
    std::string resource_version;
  };  ///< an event or a bookmark; empty: it carried none
  struct WatchEnded {};  ///< the server ended it, as it does every few minutes
  struct Failed {
    Error error;
  };
  using Input = std::variant<Listed, Seen, WatchEnded, Failed>;

  // What the shell does next.
  struct List {};
  struct Watch {
    std::string resource_version;
  };
  struct Pause {
    std::chrono::milliseconds delay;
  };  ///< then ask again with resume()
  struct Continue {};  ///< keep reading the current watch
  using Action = std::variant<List, Watch, Pause, Continue>;

  /// Failures further apart than this start again at the first delay.
  static constexpr std::chrono::seconds kQuiet{120};
  /// A watch that the server ends sooner than this counts as a failure: a server that closes every watch at once must
  /// not be asked in a tight loop.
  static constexpr std::chrono::seconds kShortestWatch{1};

  /// A longer Retry-After than this is a mistake or malice, and would leave us blind.
  static constexpr std::chrono::seconds kLongestPause{600};

  explicit Watcher(BackoffSettings backoff = {});
  [[nodiscard]] Action start() const;
  /// `now` is steady time; `random` is in [0, 1). A Retry-After of the server's is obeyed when it is longer than our
  /// delay.
  [[nodiscard]] Action step(const Input& input, std::chrono::nanoseconds now, double random);
  /// After a pause.
  [[nodiscard]] Action resume() const;
  [[nodiscard]] bool synced() const { return synced_; }

 private:
  [[nodiscard]] Action on(const Listed& listed, std::chrono::nanoseconds now, double random);
  [[nodiscard]] Action on(const Seen& seen, std::chrono::nanoseconds now, double random);
  [[nodiscard]] Action on(const WatchEnded& ended, std::chrono::nanoseconds now, double random);
  [[nodiscard]] Action on(const Failed& failed, std::chrono::nanoseconds now, double random);
  [[nodiscard]] std::chrono::milliseconds delay(std::chrono::nanoseconds now, double random);

  Backoff backoff_;
  std::string resource_version_;  ///< empty: the next thing to do is to list
  bool synced_ = false;           ///< a list has completed at least once
  std::optional<std::chrono::nanoseconds> last_failure_;
  std::chrono::nanoseconds watching_since_{};
};

}  // namespace remint::runtime
