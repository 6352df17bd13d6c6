#include "replay_pod_logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

#include "remint/base/file.hpp"
#include "remint/base/gzip.hpp"

namespace remint::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{2} << 30U;  // of all files together
constexpr std::size_t kMaxFiles = 20'000;

/// An error whose next line comes so much later has no next line.
constexpr Duration kPause = std::chrono::seconds(2);

Result<std::vector<std::string>> list_logs(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto name = entry->path().filename().string();
    if (name.ends_with(".log") || name.ends_with(".log.gz")) paths.push_back(entry->path().string());
    if (paths.size() > kMaxFiles) {
      return fail(ErrorCode::kTooLarge, fmt::format("--pod-logs {}: more than {} files", folder, kMaxFiles));
    }
  }
  if (error) return fail(ErrorCode::kInvalid, fmt::format("--pod-logs {}: {}", folder, error.message()));
  std::ranges::sort(paths);
  return paths;
}

std::optional<Time> time_of_line(std::string_view line) {
  // "2026-01-02T03:04:05.678901234+00:00"
  constexpr std::size_t kLongestTime = 35;
  return parse_rfc3339(line.substr(0, std::min(line.substr(0, kLongestTime + 1).find(' '), line.size())));
}

}  // namespace

Result<PodLogPlayer> PodLogPlayer::read(const std::string& folder) {
  PodLogPlayer player;
  if (folder.empty()) return player;
  auto paths = list_logs(folder);
  if (!paths) return std::unexpected(paths.error());
  std::size_t left = kMaxBytes;
  for (const auto& path : *paths) {
    std::string name = fs::path(path).filename().string();
    name.resize(name.rfind(".log"));
    // None of the three can have an underscore in its name.
    const auto first = name.find('_');
    const auto second = first == std::string::npos ? first : name.find('_', first + 1);
    if (second == std::string::npos || name.find('_', second + 1) != std::string::npos) {
      player.warnings_.push_back(path + ": is not named <namespace>_<pod>_<container>.log and was left out");
      continue;
    }
    auto text = read_file(path, left);
    if (text && looks_gzipped(*text)) text = gunzip(*text, left);
    if (!text) return fail_in(text.error(), "--pod-logs " + path);
    left -= text->size();
    File file{.path = path,
              .ns = name.substr(0, first),
              .pod = name.substr(first + 1, second - first - 1),
              .container = name.substr(second + 1),
              .text = std::move(*text)};
    find_next(file);
    player.files_.push_back(std::move(file));
  }
  return player;
}

void PodLogPlayer::find_next(File& file) {
  file.next.reset();
  while (file.position < file.text.size()) {
    const auto line = std::string_view(file.text).substr(file.position);
    const auto end = line.find('\n');
    file.next = time_of_line(line.substr(0, end));
    if (file.next) return;
    ++file.untimed;
    file.position += end == std::string_view::npos ? line.size() : end + 1;
  }
}

std::optional<Time> PodLogPlayer::next() const {
  std::optional<Time> earliest;
  for (const auto& file : files_) {
    if (file.next && (!earliest || *file.next < *earliest)) earliest = file.next;
  }
  return earliest;
}

void PodLogPlayer::look_at_targets(const controllers::DetectionEngine& engine) {
  targets_are_old_ = false;
  std::map<std::pair<std::string, std::string>, controllers::PodLogTarget> targets;
  for (auto& target : engine.pod_log_targets(std::numeric_limits<std::size_t>::max())) {
    auto key = std::pair(target.ns, target.name);
    targets.emplace(std::move(key), std::move(target));
  }
  for (auto& file : files_) {
    const auto found = targets.find({file.ns, file.pod});
    if (found == targets.end()) {
      file.reader.reset();
      continue;
    }
    const auto& target = found->second;
    const auto state = std::ranges::find(target.containers, file.container, &detect::ContainerState::name);
    const auto started = state == target.containers.end() ? std::nullopt : state->running_since;
    if (!file.reader || file.uid != target.uid || file.patterns != target.patterns) {
      auto& patterns = compiled_[target.patterns];
      if (!patterns) patterns = detect::LinePatterns::compile(*target.patterns).value_or(nullptr);
      if (!patterns) {  // the policy's status would say why
        file.reader.reset();
        continue;
      }
      file.uid = target.uid;
      file.patterns = target.patterns;
      file.started = started;
      file.reader.emplace(detect::LogOrigin{target.uid, file.container, started.value_or(Time::min())}, patterns);
    } else if (started && started != file.started) {
      file.started = started;
      file.reader->restarted(*started);
    }
  }
}

std::vector<detect::Clue> PodLogPlayer::advance(const controllers::DetectionEngine& engine, Time until) {
  std::vector<detect::Clue> clues;
  for (auto& file : files_) {
    if (!file.next || *file.next > until) continue;
    if (targets_are_old_) look_at_targets(engine);
    while (file.next && *file.next <= until) {
      const auto rest = std::string_view(file.text).substr(file.position);
      const auto end = rest.find('\n');
      const auto line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
      if (file.reader) {
        file.reader->feed(line, clues);
      } else {
        ++file.unread;
      }
      file.position += line.size();
      find_next(file);
    }
    if (file.reader && (!file.next || *file.next > until + kPause)) file.reader->flush(clues);
  }
  std::ranges::stable_sort(clues, {}, &detect::Clue::time);
  return clues;
}

std::vector<std::string> PodLogPlayer::remarks() const {
  std::vector<std::string> remarks;
  const auto remark = [&](std::uint64_t File::* count, std::string_view why) {
    std::uint64_t lines = 0;
    const File* first = nullptr;
    for (const auto& file : files_) {
      lines += file.*count;
      if (first == nullptr && file.*count > 0) first = &file;
    }
    if (first != nullptr) {
      remarks.push_back(
          fmt::format("--pod-logs: {} lines were left out, the first of {}: {}", lines, first->path, why));
    }
  };
  remark(&File::unread, "no policy with podLog.enabled spoke for a live pod of that name then");
  remark(&File::untimed, "there is no time before them; kubectl logs --timestamps prints it");
  return remarks;
}

}  // namespace remint::app
