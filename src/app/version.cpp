#include <sys/utsname.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "build_info.hpp"
#include "remint/app/commands.hpp"

namespace remint::app {

std::string version_text() {
  utsname host{};
  ::uname(&host);
  const std::string machine = host.machine;
  const std::string arch = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
  return std::string(kVersion) + " (linux/" + arch + ")";
}

int version(const VersionOptions& options, std::ostream& out) {
  if (options.json) {
    nlohmann::ordered_json text{{"version", kVersion}, {"commit", kCommit}};
    for (const auto& [name, number] : kLibraries) text["libraries"][name] = number;
    out << text.dump(2) << '\n';
    return kOk;
  }
  out << "remint " << version_text() << ", commit " << kCommit << '\n';
  for (const auto& [name, number] : kLibraries) out << "  " << name << ' ' << number << '\n';
  return kOk;
}

}  // namespace remint::app
