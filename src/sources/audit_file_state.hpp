#pragma once
// How far an audit log was read, kept in a file: so that a restart neither loses nor repeats.

#include <optional>
#include <string>

#include "remint/base/result.hpp"
#include "remint/sources/file_tail.hpp"

namespace remint::sources {

/// Not thread-safe. One file in `folder` per followed path, its name a hash of the path.
class AuditFileState {
 public:
  AuditFileState(const std::string& folder, std::string followed);

  /// Nothing when there is none yet; kInvalid, with the file's name, when it is unreadable or was written for another
  /// path.
  [[nodiscard]] Result<std::optional<TailPosition>> load() const;
  /// Whole or not at all, also when the machine loses its power: a new file, synced, takes the old one's name.
  [[nodiscard]] Result<void> save(const TailPosition& position) const;
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::string folder_, followed_, file_;
};

}  // namespace remint::sources
