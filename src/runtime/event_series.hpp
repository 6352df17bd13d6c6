#pragma once
// Which notes become a new Event and which count up an old one. Pure: time is an argument.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "remint/base/time.hpp"
#include "remint/runtime/events.hpp"

namespace remint::runtime {

/// Not thread-safe: the recorder's thread owns it. Bounded: kMaxSeries, the longest silent one goes first.
class EventSeries {
 public:
  static constexpr std::chrono::minutes kWindow{6};  ///< silent for longer than this, it is a new Event
  static constexpr std::chrono::seconds kHold{
      60};  ///< between two updates of one Event, so that a storm costs few writes
  static constexpr std::size_t kMaxSeries = 1000;

  struct Create {
    ObjectKey event;
    EventNote note;
    Time at;
  };
  struct Update {
    ObjectKey event;
    std::int64_t count;
    Time last;
  };
  using Write = std::variant<std::monostate, Create, Update>;  ///< monostate: counted, to be written later

  /// `instance` makes the names of two processes' Events differ.
  explicit EventSeries(std::string instance) : instance_(std::move(instance)) {}

  [[nodiscard]] Write observe(const EventNote& note, std::chrono::nanoseconds now, Time wall);
  /// Counts held back whose time has come; `everything`: all that are held back.
  [[nodiscard]] std::vector<Update> due(std::chrono::nanoseconds now, bool everything = false);
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_due() const;
  /// The Event was not written, or is gone from the API server: the next note makes a new one.
  void forget(const ObjectKey& event);
  [[nodiscard]] std::size_t size() const { return series_.size(); }

 private:
  // All but the note.
  using Key = std::tuple<ObjectRef, std::string, bool, std::string, std::string>;
  struct Entry {
    ObjectKey event;
    std::int64_t count = 1;
    Time last{};
    std::chrono::nanoseconds seen{};
    std::optional<std::chrono::nanoseconds> updated;
    bool held = false;
  };
  [[nodiscard]] ObjectKey name_for(const EventNote& note, Time wall);
  void make_room(std::chrono::nanoseconds now);

  std::string instance_;
  std::uint64_t made_ = 0;
  std::map<Key, Entry> series_;
};

}  // namespace remint::runtime
