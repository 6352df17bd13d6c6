#include "remint/metrics/process.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>

namespace remint::metrics {
namespace {

double gauge(Registry& registry, const std::string& name, const std::string& help) {
  return registry.gauge(name, help).value();
}

TEST_CASE("what the process costs is what the kernel says of it") {
  Registry registry;
  ProcessMetrics process(registry);
  const double threads = gauge(registry, "process_threads", "Number of threads.");
  const double resident = gauge(registry, "process_resident_memory_bytes", "Resident memory size in bytes.");
  const double started =
      gauge(registry, "process_start_time_seconds", "Start time of the process since the epoch in seconds.");
  const auto now = static_cast<double>(std::time(nullptr));
  CHECK(threads >= 1);
  CHECK(resident > 1e6);
  CHECK(started > now - 3600);
  CHECK(started < now + 5);
}

TEST_CASE("a file that is opened counts, and CPU time only grows") {
  Registry registry;
  ProcessMetrics process(registry);
  const std::string help = "Number of open file descriptors.";
  const double before = gauge(registry, "process_open_fds", help);
  Counter& cpu = registry.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  const double spent = cpu.value();
  const int fd = ::dup(STDIN_FILENO);
  REQUIRE(fd >= 0);
  const auto begin = std::clock();
  while (std::clock() - begin < CLOCKS_PER_SEC / 20) {
  }
  process.refresh();
  ::close(fd);
  CHECK(gauge(registry, "process_open_fds", help) == before + 1);
  CHECK(cpu.value() > spent);
}

}  // namespace
}  // namespace remint::metrics
