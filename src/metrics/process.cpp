#include "remint/metrics/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "remint/base/file.hpp"

namespace remint::metrics {
namespace {

/// The fields of /proc/PID/stat that follow the program's name, which may hold anything: proc(5) counts them from 3 on.
class Stat {
 public:
  explicit Stat(std::string_view text) : rest_(text.substr(std::min(text.size(), text.rfind(')') + 1))) {}

  [[nodiscard]] double field(std::size_t number) const {
    std::string_view rest = rest_;
    for (std::size_t i = 3; !rest.empty(); ++i) {
      const auto begin = std::min(rest.find_first_not_of(' '), rest.size());
      const auto end = std::min(rest.find(' ', begin), rest.size());
      if (i == number) {
        double value = 0;
        std::from_chars(rest.data() + begin, rest.data() + end, value);
        return value;
      }
      rest.remove_prefix(end);
    }
    return 0;
  }

 private:
  std::string_view rest_;
};

/// When the machine was started, in seconds since the epoch.
double boot_time() {
  const auto stat = read_file("/proc/stat", 1U << 20U);
  if (!stat) return 0;
  constexpr std::string_view kName = "\nbtime ";
  const auto at = stat->find(kName);
  double seconds = 0;
  if (at != std::string::npos) {
    std::from_chars(stat->data() + at + kName.size(), stat->data() + stat->size(), seconds);
  }
  return seconds;
}

double open_files() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), end; !error && each != end;
       each.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // one is the folder that is being read
}

}  // namespace

ProcessMetrics::ProcessMetrics(Registry& registry)
    : resident_(registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.")),
      virtual_(registry.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.")),
      open_files_(registry.gauge("process_open_fds", "Number of open file descriptors.")),
      most_files_(registry.gauge("process_max_fds", "Maximum number of open file descriptors.")),
      threads_(registry.gauge("process_threads", "Number of threads.")),
      started_(registry.gauge("process_start_time_seconds", "Start time of the process since the epoch in seconds.")),
      cpu_(registry.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")) {
  refresh();
}

void ProcessMetrics::refresh() {
  const std::lock_guard lock(mutex_);
  const auto text = read_file("/proc/self/stat", 1U << 16U);
  if (!text) return;
  const Stat stat(*text);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  cpu_.add((stat.field(14) + stat.field(15)) / ticks - cpu_.value());
  threads_.set(stat.field(20));
  if (started_.value() == 0) started_.set(boot_time() + stat.field(22) / ticks);
  virtual_.set(stat.field(23));
  resident_.set(stat.field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  open_files_.set(open_files());
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) most_files_.set(static_cast<double>(limit.rlim_cur));
}

}  // namespace remint::metrics
