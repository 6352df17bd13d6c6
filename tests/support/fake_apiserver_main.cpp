// remint_fake_apiserver --port N --pods N: the in-process API server as a program of its own, for benchmarks that
// compare with curl and measure memory. Plain HTTP on 127.0.0.1; prints its address when it serves; ends with SIGINT or
// SIGTERM.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "support/fake_apiserver.hpp"

int main(int argc, char** argv) {
  remint::testing::FakeApiServerSettings settings;
  unsigned long pods = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const unsigned long value = std::strtoul(argv[i + 1], nullptr, 10);
    if (name == "--port") settings.port = static_cast<std::uint16_t>(value);
    if (name == "--pods") pods = value;
  }
  if (argc % 2 == 0 || pods > 1'000'000) {
    std::fprintf(stderr, "usage: remint_fake_apiserver [--port N] [--pods N]\n");
    return 2;
  }
  // Blocked before any thread exists, so that all threads inherit it and sigwait gets them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  remint::testing::FakeApiServer server(settings);
  server.add_remint_resources();
  server.make_pods(static_cast<std::uint32_t>(pods));
  std::printf("%s\n", server.url().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
