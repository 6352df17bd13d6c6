#include "audit_file_state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "remint/base/file.hpp"
#include "remint/base/json.hpp"
#include "remint/base/text.hpp"

namespace remint::sources {
namespace {

constexpr std::size_t kMaxBytes = 16U << 10U;
constexpr std::size_t kHashBytes = 8;

std::unexpected<Error> cannot_write(const std::string& file, int reason) {
  return fail(ErrorCode::kInvalid, "cannot write " + file + ": " + std::generic_category().message(reason));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  return true;
}

}  // namespace

AuditFileState::AuditFileState(const std::string& folder, std::string followed)
    : folder_(folder),
      followed_(std::move(followed)),
      file_(folder + "/audit-log-" + sha256_hex(followed_, kHashBytes) + ".json") {}

Result<std::optional<TailPosition>> AuditFileState::load() const {
  const auto text = read_file(file_, kMaxBytes);
  if (!text) {
    if (text.error().code == ErrorCode::kNotFound) {
      return std::nullopt;
    }
    return std::unexpected(text.error());
  }
  const auto object = parse_json(*text, kMaxBytes);
  const auto number = [&](const char* key) -> std::optional<std::uint64_t> {
    const auto found = object->find(key);
    return found != object->end() && found->is_number_unsigned() ? std::optional(found->get<std::uint64_t>())
                                                                 : std::nullopt;
  };
  const auto string = [&](const char* key) {
    const auto found = object->find(key);
    return found != object->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!object || !object->is_object() || string("path") != followed_) {
    return fail(ErrorCode::kInvalid, file_ + " does not say how far " + followed_ + " was read");
  }
  const auto device = number("device");
  const auto inode = number("inode");
  const auto offset = number("offset");
  const auto head_bytes = number("headBytes");
  const auto modified = number("modifiedNs");
  constexpr std::uint64_t kMaxHead = 4096;
  if (!device || !inode || !offset || !head_bytes || *head_bytes > kMaxHead || !modified) {
    return fail(ErrorCode::kInvalid, file_ + " lacks a number that says how far was read");
  }
  return TailPosition{.device = *device,
                      .inode = *inode,
                      .offset = *offset,
                      .head_bytes = *head_bytes,
                      .head_sha256 = string("headSha256"),
                      .modified_ns = static_cast<std::int64_t>(*modified)};
}

Result<void> AuditFileState::save(const TailPosition& position) const {
  const Json object = {{"path", followed_},
                       {"device", position.device},
                       {"inode", position.inode},
                       {"offset", position.offset},
                       {"headBytes", position.head_bytes},
                       {"headSha256", position.head_sha256},
                       {"modifiedNs", static_cast<std::uint64_t>(position.modified_ns)}};
  const std::string fresh = file_ + ".new";
  {
    const FileDescriptor out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (out.get() < 0 || !write_all(out.get(), dump_json(object) + "\n") || ::fsync(out.get()) != 0) {
      return cannot_write(fresh, errno);
    }
  }
  if (::rename(fresh.c_str(), file_.c_str()) != 0) {
    return cannot_write(file_, errno);
  }
  const FileDescriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) {
    static_cast<void>(::fsync(folder.get()));  // a filesystem that cannot keeps the old name at worst
  }
  return {};
}

}  // namespace remint::sources
