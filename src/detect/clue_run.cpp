#include "clue_run.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>

#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

constexpr std::size_t kMaxWhat = 60;

}  // namespace

bool ClueRun::add(const Clue& clue) {
  const Said said{clue.time, std::hash<std::string_view>()(clue.text)};
  const auto place = std::ranges::lower_bound(said_, said);
  if ((place != said_.end() && *place == said) || (said_.size() == kMaxTimes && place == said_.begin())) {
    return false;
  }
  said_.insert(place, said);
  if (said_.size() > kMaxTimes) {
    said_.erase(said_.begin());
  }
  const auto key = [](const Evidence& e) { return std::tie(e.time, e.text); };
  Evidence note{std::string(to_string(clue.source)), clue.time,
                sanitize(clue.what, kMaxWhat) + ": " + sanitize(clue.text, Clue::kMaxText)};
  notes_.insert(std::ranges::upper_bound(notes_, key(note), {}, key), std::move(note));
  if (notes_.size() > kMaxNotes) {
    notes_.erase(notes_.begin());
  }
  return true;
}

void ClueRun::forget(Time until) {
  std::erase_if(said_, [until](const Said& said) { return said.at <= until; });
  std::erase_if(notes_, [until](const Evidence& note) { return note.time <= until; });
}

std::vector<Time> ClueRun::times() const {
  std::vector<Time> times;
  times.reserve(said_.size());
  std::ranges::transform(said_, std::back_inserter(times), &Said::at);
  return times;
}

}  // namespace remint::detect
