// Follows so many pods' logs at once, for streams.py to look at from outside: what a stream costs is memory, threads
// and CPU time of a process that does nothing else. Says its metrics after each line of its input; ends with it.
//   remint_bench_streams URL CA_FILE STREAMS

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "remint/kube/client.hpp"
#include "remint/sources/pod_log_follower.hpp"

namespace remint::bench {
namespace {

std::vector<sources::PodLogTarget> targets(std::size_t count) {
  const auto patterns = std::make_shared<const std::vector<std::string>>();
  std::vector<sources::PodLogTarget> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({.uid = fmt::format("00000000-0000-0000-0000-{:012}", i),
                   .pod = {"shop", fmt::format("p{}", i)},
                   .container = "app",
                   .started = system_clock().now() - std::chrono::hours(1),
                   .patterns = patterns});
  }
  return all;
}

int run(const std::string& url, const std::string& ca_file, std::size_t streams) {
  kube::prepare_process();
  kube::Config config;
  config.server = url;
  config.certificate_authority.file = ca_file;
  config.token.inline_data = "bench";
  config.origin = "bench";
  auto transport = kube::make_transport(config, {.user_agent = "remint-bench"});
  if (!transport) {
    fmt::print(stderr, "{}\n", transport.error().message);
    return 1;
  }
  metrics::Registry metrics;
  kube::Client client(std::move(*transport), metrics, system_clock());
  sources::PodLogFollower* asked = nullptr;
  const auto all = targets(streams);
  std::atomic<std::size_t> clues = 0;
  // As `remint run` does, the same targets come again every two seconds.
  sources::PodLogFollower follower({.streams = streams},
                                   {[] { return true; }, [&] { asked->set_targets(all); },
                                    [&](std::vector<detect::Clue>&& told) {
                                      clues += told.size();
                                      return true;
                                    }},
                                   client, metrics, system_clock());
  asked = &follower;
  follower.start();
  for (std::string line; std::getline(std::cin, line);) {
    fmt::print("{}bench_clues {}\n\n", metrics.expose(), clues.load());
    std::fflush(stdout);
  }
  follower.stop();
  return 0;
}

}  // namespace
}  // namespace remint::bench

int main(int argc, char** argv) {
  std::size_t streams = 0;
  if (argc == 4) std::from_chars(argv[3], argv[3] + std::strlen(argv[3]), streams);
  if (streams < 1 || streams > remint::sources::PodLogSettings::kMostStreams) {
    fmt::print(stderr, "usage: remint_bench_streams URL CA_FILE STREAMS\n");
    return 2;
  }
  return remint::bench::run(argv[1], argv[2], streams);
}
