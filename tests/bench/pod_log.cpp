// What reading pods' logs costs: lines a second on one core, as ratios to only finding the ends of the same lines, in
// the same run.
//   remint_bench_pod_log [seconds of each]

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "remint/detect/pod_log.hpp"
#include "remint/detect/pod_log_shipped.hpp"
#include "unit/detect/pod_log_samples.hpp"

namespace remint::bench {
namespace {

using Steady = std::chrono::steady_clock;
namespace samples = detect::samples;

constexpr std::size_t kChunk = 32U << 10U;

double since(Steady::time_point begin) { return std::chrono::duration<double>(Steady::now() - begin).count(); }

/// Thirty patterns as people write them, mostly not caring for case.
std::vector<std::string> thirty() {
  std::vector<std::string> patterns;
  for (const auto* word : {"token", "credential", "bearer", "session", "certificate", "login"}) {
    for (const auto* end : {"(expired|rejected)", "is (no longer|not) valid", "refused by .{1,20}server",
                            "renewal failed", "\\w* (401|403)"}) {
      patterns.push_back(fmt::format("(?i){} {}", word, end));
    }
  }
  return patterns;
}

/// 157 bytes a line on average; of 1000 lines so many tell of a refused token, in turns as each client prints it.
std::string log_text(std::size_t matching) {
  const std::vector<std::string> ordinary = {
      "I1122 07:52:21.609616       1 controller.go:42] \"Reconciled\" controller=\"cart\" namespace=\"shop\" "
      "name=\"cart-7\" "
      "duration=\"12.401ms\" requeue=false",
      R"({"level":"info","ts":"2026-11-22T07:52:21.401Z","logger":"http","msg":"request","method":"GET","path":"/api/v1/orders/401","status":200,"took":0.0123})",
      "10.244.1.7 - - [22/Nov/2026:07:52:21 +0000] \"GET /healthz HTTP/1.1\" 200 12 \"-\" \"kube-probe/1.36\"",
      "2026-11-22 07:52:21,123 DEBUG shop.cart.worker took order 4711 of customer 815 from the queue, 12 left",
  };
  std::string text;
  std::size_t client = 0;
  for (std::size_t i = 0; i < 20'000; ++i) {
    const auto time = fmt::format("2026-11-22T07:{:02}:{:02}.{:09}Z", i / 60 % 60, i % 60, i * 1000);
    if (i % 1000 < matching) {
      text += samples::stamped(samples::client_errors()[client++ % samples::client_errors().size()].text, time);
    } else {
      text += samples::stamped(ordinary[i % ordinary.size()], time);
    }
  }
  return text;
}

double measure(const std::string& what, const std::string& text, double seconds, double plain,
               const std::function<void(std::string_view)>& read) {
  const auto lines = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
  double rounds = 0;
  const auto begin = Steady::now();
  while (since(begin) < seconds) {
    for (std::size_t at = 0; at < text.size(); at += kChunk) read(std::string_view(text).substr(at, kChunk));
    ++rounds;
  }
  const double rate = rounds * lines / since(begin);
  fmt::print("{:<52} {:>12.0f} {:>9.0f} {:>8.3f}\n", what, rate, rate / lines * static_cast<double>(text.size()) / 1e6,
             plain > 0 ? rate / plain : 1.0);
  return rate;
}

double read_with(const std::string& what, const std::string& text, const std::vector<std::string>& patterns,
                 double seconds, double plain) {
  detect::PodLogReader reader({.pod_uid = "u", .container = "c"}, *detect::LinePatterns::compile(patterns));
  std::vector<detect::Clue> clues;
  return measure(what, text, seconds, plain, [&](std::string_view bytes) {
    clues.clear();
    reader.feed(bytes, clues);
  });
}

int run(double seconds) {
  const auto ordinary = log_text(0);
  fmt::print("{:<52} {:>12} {:>9} {:>8}\n", "pods' logs, one core", "lines/s", "MB/s", "ratio");
  std::size_t ends = 0;
  const double plain = measure("the ends of lines only (memchr)", ordinary, seconds, 0, [&](std::string_view bytes) {
    while (const auto* end = static_cast<const char*>(std::memchr(bytes.data(), '\n', bytes.size()))) {
      ++ends;
      bytes.remove_prefix(static_cast<std::size_t>(end - bytes.data()) + 1);
    }
  });
  read_with("ordinary lines, known lines only", ordinary, {}, seconds, plain);
  read_with("ordinary lines, 30 patterns beside them", ordinary, thirty(), seconds, plain);
  read_with("1 in 1000 an error, 30 patterns", log_text(1), thirty(), seconds, plain);
  read_with("1 in 10 an error, 30 patterns", log_text(100), thirty(), seconds, plain);
  read_with("nothing but errors, 30 patterns", log_text(1000), thirty(), seconds, plain);

  std::string shipped;
  for (std::size_t at = 0; at < ordinary.size() / 8;) {
    const auto end = ordinary.find('\n', at);
    std::string line;
    for (const char c : ordinary.substr(at + 31, end - at - 31)) line += (c == '"' ? "\\\"" : std::string(1, c));
    shipped +=
        R"({"date":1763797941.401,"stream":"stderr","log":")" + line +
        R"(","kubernetes":{"namespace_name":"shop","pod_name":"cart-1","pod_id":"0a1b2c3d","container_name":"cart"}})"
        "\n";
    at = end + 1;
  }
  detect::PodLogShippedReader reader;
  detect::PodLogReader judge({.pod_uid = "u", .container = "c"}, *detect::LinePatterns::compile(thirty()));
  std::vector<detect::Clue> clues;
  const auto lines = static_cast<double>(std::count(shipped.begin(), shipped.end(), '\n'));
  double rounds = 0;
  const auto begin = Steady::now();
  while (since(begin) < seconds) {
    const auto found =
        reader.read(shipped, [&](const detect::ShippedPodLine& line) { judge.feed_line(line.time, line.line, clues); });
    rounds += found.records > 0 ? 1 : 0;
  }
  const double rate = rounds * lines / since(begin);
  fmt::print("{:<52} {:>12.0f} {:>9.0f} {:>8.3f}\n", "posted by Fluent Bit, 30 patterns", rate,
             rate / lines * static_cast<double>(shipped.size()) / 1e6, rate / plain);
  return ends > 0 ? 0 : 1;
}

}  // namespace
}  // namespace remint::bench

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  if (seconds <= 0) {
    fmt::print(stderr, "usage: remint_bench_pod_log [seconds of each]\n");
    return 2;
  }
  return remint::bench::run(seconds);
}
