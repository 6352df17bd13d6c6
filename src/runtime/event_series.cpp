#include "event_series.hpp"

#include <algorithm>

#include "remint/base/text.hpp"

namespace remint::runtime {

EventSeries::Write EventSeries::observe(const EventNote& note, std::chrono::nanoseconds now, Time wall) {
  const Key key{note.regarding, note.related_name, note.warning, note.reason, note.action};
  const auto found = series_.find(key);
  if (found == series_.end() || now - found->second.seen > kWindow) {
    if (found == series_.end()) make_room(now);
    Entry entry;
    entry.event = name_for(note, wall);
    entry.last = wall;
    entry.seen = now;
    auto event = entry.event;
    series_.insert_or_assign(key, std::move(entry));
    return Create{std::move(event), note, wall};
  }
  auto& entry = found->second;
  ++entry.count;
  entry.last = wall;
  entry.seen = now;
  // The first repetition is news and goes out at once; later ones are gathered.
  if (entry.updated && now - *entry.updated < kHold) {
    entry.held = true;
    return std::monostate();
  }
  entry.updated = now;
  entry.held = false;
  return Update{entry.event, entry.count, entry.last};
}

std::vector<EventSeries::Update> EventSeries::due(std::chrono::nanoseconds now, bool everything) {
  std::vector<Update> result;
  for (auto& [key, entry] : series_) {
    if (!entry.held || (!everything && now - *entry.updated < kHold)) continue;
    entry.held = false;
    entry.updated = now;
    result.push_back({entry.event, entry.count, entry.last});
  }
  return result;
}

std::optional<std::chrono::nanoseconds> EventSeries::next_due() const {
  std::optional<std::chrono::nanoseconds> next;
  for (const auto& [key, entry] : series_) {
    if (entry.held && (!next || *entry.updated + kHold < *next)) next = *entry.updated + kHold;
  }
  return next;
}

void EventSeries::forget(const ObjectKey& event) {
  std::erase_if(series_, [&](const auto& item) { return item.second.event == event; });
}

ObjectKey EventSeries::name_for(const EventNote& note, Time wall) {
  // Unique without asking anybody: sending it twice by mistake must meet AlreadyExists, two different ones must not.
  const auto seed = instance_ + '\n' + std::to_string(wall.time_since_epoch().count()) + '\n' +
                    std::to_string(++made_) + '\n' + note.regarding.to_string() + '\n' + note.reason;
  // An Event lives in its object's namespace; one about a cluster-scoped object in "default" (the API server insists).
  return {note.regarding.ns.empty() ? "default" : note.regarding.ns,
          dns_name(note.regarding.name, 200) + "." + sha256_hex(seed, 8)};
}

void EventSeries::make_room(std::chrono::nanoseconds now) {
  if (series_.size() < kMaxSeries) return;
  std::erase_if(series_, [&](const auto& item) { return now - item.second.seen > kWindow; });
  if (series_.size() < kMaxSeries) return;
  series_.erase(std::min_element(series_.begin(), series_.end(),
                                 [](const auto& a, const auto& b) { return a.second.seen < b.second.seen; }));
}

}  // namespace remint::runtime
