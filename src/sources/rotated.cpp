#include "rotated.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "remint/base/text.hpp"

namespace remint::sources {
namespace {

constexpr int kMaxEntries = 10'000;
/// So much of a beginning names a log: the first line's time, at least.
constexpr std::size_t kTellingHead = 64;

bool is_saved(const TailedFile& file, const TailPosition& saved, bool by_head_alone) {
  // How much a packed file holds is not known before its end. It is complete, so it holds what was read of it.
  const auto size = file.packed() ? Result<std::uint64_t>(saved.offset) : file.size();
  const auto begins = file.head(saved.head_bytes);
  const bool who =
      by_head_alone ? saved.head_bytes >= kTellingHead : file.identity() == FileIdentity{saved.device, saved.inode};
  return who && size && begins && saved.offset <= *size && saved.head_bytes == begins->size() &&
         sha256_hex(*begins) == saved.head_sha256;
}

bool begins_with(const std::string& path, std::string_view head) {
  const auto file = TailedFile::open_rotated(path);
  const auto begins = file ? file->head(head.size()) : Result<std::string>();
  return begins && *begins == head;
}

std::uint64_t size_of(const std::string& path, const struct stat& status) {
  if (!is_packed_name(path)) {
    return static_cast<std::uint64_t>(status.st_size);
  }
  const auto file = TailedFile::open_rotated(path);
  return file ? file->size().value_or(0) : 0;
}

/// "-2026-07-01T10-27-28.826", ".1", "-20260701"
bool is_mark(std::string_view text) {
  return text.size() > 1 && (text[0] == '-' || text[0] == '.') && text[1] >= '0' && text[1] <= '9' &&
         text.find_first_not_of("0123456789T:._-Z") == std::string_view::npos;
}

}  // namespace

bool is_rotated_name(std::string_view base, std::string_view name) {
  if (is_packed_name(name)) {
    name.remove_suffix(kPackedSuffix.size());
  }
  if (name.starts_with(base) && is_mark(name.substr(base.size()))) {
    return true;
  }
  const std::size_t dot = base.rfind('.');
  if (dot == std::string_view::npos || dot == 0) {
    return false;
  }
  const std::string_view stem = base.substr(0, dot);
  const std::string_view extension = base.substr(dot);
  return name.size() > base.size() && name.starts_with(stem) && name.ends_with(extension) &&
         is_mark(name.substr(stem.size(), name.size() - base.size()));
}

std::vector<RotatedFile> rotated_beside(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path followed(path);
  const std::string base = followed.filename();
  const fs::path folder = followed.has_parent_path() ? followed.parent_path() : fs::path(".");
  std::vector<RotatedFile> found;
  std::error_code error;
  int looked_at = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end && looked_at < kMaxEntries;
       entry.increment(error), ++looked_at) {
    struct stat status{};
    if (!is_rotated_name(base, entry->path().filename().native()) || ::stat(entry->path().c_str(), &status) != 0 ||
        !S_ISREG(status.st_mode)) {
      continue;
    }
    const std::string name = entry->path();
    found.push_back({.path = name,
                     .identity = identity_of(status),
                     .size = size_of(name, status),
                     .modified_ns = is_packed_name(name) ? packed_ns_of(name, status) : modified_ns_of(status)});
  }
  std::set<std::string> unfinished;
  for (const auto& file : found) {
    unfinished.insert(file.path + std::string(kPackedSuffix));
  }
  std::erase_if(found, [&](const RotatedFile& file) { return unfinished.contains(file.path); });
  std::ranges::sort(found, {}, [](const RotatedFile& file) { return std::tie(file.modified_ns, file.path); });
  return found;
}

std::optional<TailedFile> find_saved(const std::string& path, const TailPosition& saved) {
  std::vector<std::string> paths{path};
  for (auto& file : rotated_beside(path)) {
    paths.push_back(std::move(file.path));
  }
  // Disks may be numbered anew, and a copy is another file: then its beginning alone must do.
  for (const bool by_head_alone : {false, true}) {
    for (const auto& candidate : paths) {
      auto file = candidate == path ? TailedFile::open(candidate) : TailedFile::open_rotated(candidate);
      if (file && is_saved(*file, saved, by_head_alone)) {
        return std::move(*file);
      }
    }
  }
  return std::nullopt;
}

std::optional<TailedFile> find_copy(const std::string& path, std::string_view head, std::uint64_t offset,
                                    FileIdentity original) {
  if (head.size() < kTellingHead) {
    return std::nullopt;
  }
  for (const auto& candidate : rotated_beside(path)) {
    if ((candidate.size <= offset && !is_packed_name(candidate.path)) || candidate.identity == original) {
      continue;
    }
    auto copy = TailedFile::open_rotated(candidate.path);
    const auto begins = copy ? copy->head(head.size()) : Result<std::string>();
    if (copy && begins && *begins == head) {
      return std::move(*copy);
    }
  }
  return std::nullopt;
}

std::optional<TailedFile> rotated_after(const std::string& path, const Finished& finished, std::uint64_t backlog_bytes,
                                        std::uint64_t& skipped) {
  auto files = rotated_beside(path);
  auto at = std::ranges::find(files, finished.identity, &RotatedFile::identity);
  if (at == files.end() && !finished.head.empty()) {
    at = std::ranges::find_if(files, [&](const RotatedFile& file) {
      return is_packed_name(file.path) && begins_with(file.path, finished.head);
    });
  }
  const auto from = at != files.end() ? at + 1 : std::ranges::find_if(files, [&](const RotatedFile& file) {
    return file.modified_ns > finished.modified_ns;
  });
  files.erase(files.begin(), from);
  const auto named = TailedFile::identify(path);
  std::erase_if(files, [&](const RotatedFile& file) { return named && file.identity == *named; });
  std::uint64_t behind = 0;
  for (const auto& file : files) {
    behind += file.size;
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (behind > backlog_bytes && i + 1 < files.size()) {
      skipped += files[i].size;
      behind -= files[i].size;
    } else if (auto opened = TailedFile::open_rotated(files[i].path)) {
      return std::move(*opened);
    }
  }
  return std::nullopt;
}

}  // namespace remint::sources
