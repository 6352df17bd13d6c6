#include "remint/detect/pod_log.hpp"

#include <algorithm>
#include <utility>

#include "line_patterns.hpp"
#include "log_errors.hpp"

namespace remint::detect {
namespace {

// "2026-01-02T03:04:05.678901234+00:00"
constexpr std::size_t kLongestTime = 35;

std::string_view without_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

struct PodLogReader::Impl {
  Impl(LogOrigin from, std::shared_ptr<const LinePatterns> chosen)
      : origin(std::move(from)), patterns(std::move(chosen)), errors(*patterns->impl_) {}

  /// Without its line break; `longer`: than it is given.
  void stamped(std::string_view line, bool longer, std::vector<Clue>& clues) {
    const std::size_t space = line.substr(0, kLongestTime + 1).find(' ');
    const auto time = parse_rfc3339(line.substr(0, std::min(space, line.size())));
    if (!time) {
      ++counts.lines;
      ++counts.untimed;
      counts.oversize += longer ? 1U : 0U;
      return;
    }
    if (*time <= known_until) {
      return;
    }
    line.remove_prefix(std::min(space == std::string_view::npos ? line.size() : space + 1, line.size()));
    timed(*time, line, longer, clues);
  }

  void timed(Time time, std::string_view line, bool longer, std::vector<Clue>& clues) {
    ++counts.lines;
    counts.oversize += longer ? 1U : 0U;
    newest = std::max(newest, time);
    errors.line(time, without_return(line), found);
    hand_over(clues);
  }

  void hand_over(std::vector<Clue>& clues) {
    for (auto& error : found) {
      if (error.time < origin.started) {
        ++counts.earlier;
        continue;
      }
      ++counts.matched;
      clues.push_back({.source = ClueSource::kPodLog,
                       .time = error.time,
                       .pod_uid = origin.pod_uid,
                       .what = std::move(error.what),
                       .text = std::move(error.text),
                       .audit_id = std::move(error.audit_id)});
    }
    found.clear();
  }

  void keep(std::string_view part) {
    const std::size_t room = kMaxLine - rest.size();
    cut = cut || part.size() > room;
    rest += part.substr(0, room);
  }

  /// The line that was kept until now, at its end.
  void take_rest(std::vector<Clue>& clues) {
    stamped(rest, cut, clues);
    rest.clear();
    cut = false;
  }

  LogOrigin origin;
  std::shared_ptr<const LinePatterns> patterns;
  LogErrors errors;
  std::vector<LogErrors::Found> found;
  PodLogCounts counts;
  Time newest = Time::min(), known_until = Time::min();
  std::string rest;            ///< of a line whose end is to come
  bool cut = false;            ///< of which more was there
  bool rest_was_told = false;  ///< up to the next line break all is known
};

PodLogReader::PodLogReader(LogOrigin origin, std::shared_ptr<const LinePatterns> patterns)
    : impl_(std::make_unique<Impl>(std::move(origin), std::move(patterns))) {}
PodLogReader::~PodLogReader() = default;
PodLogReader::PodLogReader(PodLogReader&&) noexcept = default;
PodLogReader& PodLogReader::operator=(PodLogReader&&) noexcept = default;

void PodLogReader::feed(std::string_view bytes, std::vector<Clue>& clues) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    const bool whole = end != std::string_view::npos;
    bytes.remove_prefix(whole ? end + 1 : bytes.size());
    if (impl_->rest_was_told) {
      impl_->rest_was_told = !whole;
    } else if (!whole) {
      impl_->keep(part);
    } else if (impl_->rest.empty()) {
      impl_->stamped(part.substr(0, kMaxLine), part.size() > kMaxLine, clues);
    } else {
      impl_->keep(part);
      impl_->take_rest(clues);
    }
  }
}

void PodLogReader::feed_line(Time time, std::string_view line, std::vector<Clue>& clues) {
  impl_->timed(time, line.substr(0, kMaxLine), line.size() > kMaxLine, clues);
}

void PodLogReader::flush(std::vector<Clue>& clues) {
  if (!impl_->rest.empty()) {
    impl_->take_rest(clues);
    impl_->rest_was_told = true;
  }
  impl_->errors.flush(impl_->found);
  impl_->hand_over(clues);
}

void PodLogReader::reconnected() {
  impl_->known_until = impl_->newest;
  impl_->rest.clear();
  impl_->cut = impl_->rest_was_told = false;
}

void PodLogReader::restarted(Time started) {
  impl_->origin.started = started;
  impl_->errors.drop();
}

const PodLogCounts& PodLogReader::counts() const { return impl_->counts; }
Time PodLogReader::newest() const { return impl_->newest; }

}  // namespace remint::detect
