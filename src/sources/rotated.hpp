#pragma once
// What a rotated log leaves beside itself: "audit-2026-07-01T10-27-28.826.log" (lumberjack, which kube-apiserver has
// within), "audit.log.1" and "audit.log-20260701" (logrotate); each of them perhaps compressed since, then with ".gz".

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remint/sources/file_tail.hpp"
#include "tailed_file.hpp"

namespace remint::sources {

struct RotatedFile {
  std::string path{};
  FileIdentity identity{};
  std::uint64_t size = 0;  ///< of a packed one an estimate of what it holds
  std::int64_t modified_ns = 0;
};

/// Whether `name` is what a rotation makes of `base`: a separator and a number or a time, before the extension or at
/// the end; of a compressed one the ending ".gz" goes on top.
[[nodiscard]] bool is_rotated_name(std::string_view base, std::string_view name);

/// Regular files beside `path` with such names, in the order in which they were written: by the time of their last
/// change, then by name. A packed file whose original is still there is left out: it is not whole yet. Empty when the
/// folder cannot be read. Looks at 10,000 entries, at most.
[[nodiscard]] std::vector<RotatedFile> rotated_beside(const std::string& path);

/// The file that a saved position speaks of: at `path` or beside it, perhaps packed since.
[[nodiscard]] std::optional<TailedFile> find_saved(const std::string& path, const TailPosition& saved);

/// A copy of a file that began with `head` and had more than `offset` bytes; not `original`.
[[nodiscard]] std::optional<TailedFile> find_copy(const std::string& path, std::string_view head, std::uint64_t offset,
                                                  FileIdentity original);

/// One that was read; it may be gone by now.
struct Finished {
  FileIdentity identity{};
  std::int64_t modified_ns = 0;
  std::string head{};  ///< what it begins with: by that it is known when it was packed meanwhile
};
/// The next of the files that were rotated after `finished`, but not what `path` leads to. The oldest are left out, and
/// their size is added to `skipped`, while there are more than `backlog_bytes`.
[[nodiscard]] std::optional<TailedFile> rotated_after(const std::string& path, const Finished& finished,
                                                      std::uint64_t backlog_bytes, std::uint64_t& skipped);

}  // namespace remint::sources
