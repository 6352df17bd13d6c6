#pragma once
// What a pod's own log, or Events, say against it since its last success. The same clues in any order leave the same
// run: the newest kMaxTimes of them.

#include <cstdint>
#include <vector>

#include "remint/detect/clue.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect {

class ClueRun {
 public:
  static constexpr std::size_t kMaxTimes = 128;
  static constexpr std::size_t kMaxNotes = 3;

  /// False: known already, or older than all that there is room for.
  bool add(const Clue& clue);
  /// What was said up to then is over.
  void forget(Time until);

  [[nodiscard]] bool empty() const { return said_.empty(); }
  [[nodiscard]] Time since() const { return said_.front().at; }
  [[nodiscard]] Time last() const { return said_.back().at; }
  [[nodiscard]] std::size_t size() const { return said_.size(); }
  [[nodiscard]] std::vector<Time> times() const;
  /// Of the newest ones, sorted by time.
  [[nodiscard]] const std::vector<Evidence>& notes() const { return notes_; }

 private:
  struct Said {
    Time at;
    std::uint64_t text;  ///< its hash
    auto operator<=>(const Said&) const = default;
  };
  std::vector<Said> said_;  // sorted
  std::vector<Evidence> notes_;
};

}  // namespace remint::detect
