// What is known of callers at shared addresses, as it outlives the process: one line per pod, in numbers that mean the
// same on every machine (hashes of libstdc++ have no seed).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>

#include "detector_impl.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

// A text of another format is of no use, and is written anew within minutes.
constexpr std::string_view kHeader = "remint.dev/callers/1";
constexpr std::size_t kMaxText = 1U << 20U;
constexpr std::size_t kMaxPods = 20'000;
// Clocks of two nodes differ by less; what is later was made up.
constexpr Duration kAhead = std::chrono::minutes(5);

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}
Time time_of(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

std::string_view next(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

template <class Number>
bool read(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

/// "address agent shape count first last ended", the times in seconds; commas between.
std::string write_habit(const Habit& habit) {
  return fmt::format("{:x},{:x},{:x},{},{},{},{}", habit.address, habit.agent, habit.shape, habit.count,
                     seconds_of(habit.first), seconds_of(habit.last), seconds_of(habit.ended));
}

std::optional<Habit> read_habit(std::string_view text, Time now) {
  Habit habit;
  std::array<std::int64_t, 3> times{};
  constexpr int kHex = 16;
  constexpr int kDecimal = 10;
  bool good = read(next(text, ','), habit.address, kHex) && read(next(text, ','), habit.agent, kHex) &&
              read(next(text, ','), habit.shape, kHex) && read(next(text, ','), habit.count, kDecimal);
  for (std::int64_t& time : times) {
    good = good && read(next(text, ','), time, kDecimal) && time >= 0 && time <= seconds_of(now + kAhead);
  }
  if (!good || !text.empty() || times[0] > times[1]) {
    return std::nullopt;
  }
  habit.first = time_of(times[0]);
  habit.last = habit.counted = time_of(times[1]);
  habit.ended = time_of(times[2]);
  return habit;
}

std::string write_pod(std::string_view uid, const PodState& state) {
  std::string line(uid);
  line += ' ';
  for (const IpAddress& address : state.shared_addresses) {
    line += (line.ends_with(' ') ? "" : ",") + address.to_string();
  }
  for (const Habit& habit : state.habits.all()) {
    line += ' ' + write_habit(habit);
  }
  return line + '\n';
}

struct SavedPod {
  std::string_view uid;
  std::vector<IpAddress> addresses;
  std::vector<Habit> habits;
};

std::optional<SavedPod> read_pod(std::string_view line, Time now) {
  SavedPod pod;
  pod.uid = next(line, ' ');
  for (std::string_view addresses = next(line, ' '); !addresses.empty();) {
    const auto address = IpAddress::parse(next(addresses, ','));
    if (!address || pod.addresses.size() == PodState::kMaxShared) {
      return std::nullopt;
    }
    pod.addresses.push_back(*address);
  }
  while (!line.empty()) {
    const auto habit = read_habit(next(line, ' '), now);
    if (!habit || pod.habits.size() == Habits::kMax) {
      return std::nullopt;
    }
    pod.habits.push_back(*habit);
  }
  return pod;
}

}  // namespace

std::string Detector::save_callers(Time now, std::size_t max_bytes) const {
  std::vector<const KnownPod*> known;
  for (const auto& pod : impl_->pods) {
    if (!pod.second.shared_addresses.empty() && !pod.second.leaving) {
      known.push_back(&pod);
    }
  }
  if (known.empty()) {
    return {};
  }
  std::ranges::sort(known, std::ranges::greater(), [](const KnownPod* pod) { return pod->second.last_heard(); });
  std::string text = fmt::format("{} {}\n", kHeader, format_rfc3339(now));
  for (const KnownPod* const pod : known) {
    const std::string line = write_pod(pod->first, pod->second);
    if (text.size() + line.size() > max_bytes) {
      break;
    }
    text += line;
  }
  return text;
}

Result<std::size_t> Detector::restore_callers(std::string_view text, Time now) {
  if (text.size() > kMaxText || next(text, ' ') != kHeader) {
    return fail(ErrorCode::kInvalid, fmt::format("what was learnt of callers is not in the format {}", kHeader));
  }
  next(text, '\n');
  std::size_t taken = 0;
  while (!text.empty() && taken < kMaxPods) {
    const auto saved = read_pod(next(text, '\n'), now);
    if (!saved || !impl_->inventory.has_pod(saved->uid)) {
      continue;
    }
    PodState* const state = impl_->state_of(saved->uid);
    if (state == nullptr) {
      continue;
    }
    for (const Habit& habit : saved->habits) {
      state->habits.restore(habit);
    }
    for (const IpAddress& address : saved->addresses) {
      impl_->settle_restored(saved->uid, *state, address, now);
    }
    ++taken;
  }
  impl_->callers.listening_since(now);
  impl_->listening.since = now;
  return taken;
}

std::uint64_t Detector::callers_learnt() const { return impl_->callers_learnt; }

/// An address may have become some pod's own since.
void Detector::Impl::settle_restored(std::string_view uid, PodState& state, const IpAddress& address, Time now) {
  if (inventory.who_had(address, now).owner == AddressOwner::kPod) {
    return;
  }
  if (!state.calls_from(address)) {
    return;
  }
  for (const Habit& habit : state.habits.all()) {
    if (habit.address == fold(address)) {
      callers.residents().settle(address, habit.agent, &*pods.find(uid));
    }
  }
}

}  // namespace remint::detect
