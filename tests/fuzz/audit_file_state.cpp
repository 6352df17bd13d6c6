// How far an audit log was read, as a file says that lies on a node.
#include "audit_file_state.hpp"

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz.hpp"
#include "targets.hpp"

namespace remint::fuzz {
namespace {

/// Gone when the program ends.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("remint-fuzz-state-" + std::to_string(getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

void fuzz_audit_file_state(std::string_view input) {
  static const Folder folder;
  const sources::AuditFileState state(folder.path, "/var/log/kubernetes/audit.log");
  std::ofstream(state.file(), std::ios::binary) << input;
  const auto loaded = state.load();
  if (!loaded) {
    check(loaded.error().message.find(state.file()) != std::string::npos, "an error names the file");
    return;
  }
  check(loaded->has_value(), "a file that is there says something");
  check((*loaded)->head_bytes <= 4096, "what is read to know the file again is bounded");
}

}  // namespace remint::fuzz
