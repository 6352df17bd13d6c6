// What envelopes and files cost: audit events a second on one core, as ratios to decoding the same events as the API
// server posts them, in the same run.
//   remint_bench_shipped [seconds of each]

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "audit_body.hpp"
#include "remint/base/log.hpp"
#include "remint/detect/audit.hpp"
#include "remint/detect/shipped.hpp"
#include "remint/sources/audit_file.hpp"
#include "unit/detect/shipped_samples.hpp"
#include "unit/http/support/pki.hpp"

namespace remint::bench {
namespace {

using Steady = std::chrono::steady_clock;
namespace samples = detect::samples;

double since(Steady::time_point begin) { return std::chrono::duration<double>(Steady::now() - begin).count(); }

void print(const std::string& what, double events, double bytes, double seconds, double plain) {
  fmt::print("{:<44} {:>12.0f} {:>9.0f} {:>7.2f}\n", what, events / seconds, bytes / seconds / 1e6,
             events / seconds / plain);
}

/// The events of a list, one by one, as the API server writes them into a file.
std::vector<std::string> events_of(const std::string& list) {
  std::vector<std::string> events;
  for (std::size_t at = list.find("{\"level\""); at != std::string::npos;) {
    const std::size_t next = list.find(",{\"level\"", at + 1);
    events.push_back(R"({"kind":"Event","apiVersion":"audit.k8s.io/v1",)" +
                     list.substr(at + 1, next == std::string::npos ? list.rfind("]}") - at - 1 : next - at - 1));
    at = next == std::string::npos ? next : next + 1;
  }
  return events;
}

std::string joined(const std::vector<std::string>& events, const std::string& before, const std::string& after,
                   const std::string& between, bool escape) {
  std::string all;
  for (const auto& event : events) {
    all += (all.empty() ? "" : between) + before + (escape ? samples::escaped(event) : event) + after;
  }
  return all;
}

/// As the webhook does it: the decoder first, then what is left.
std::uint64_t take(const std::string& body, detect::AuditDecoder& decoder, detect::ShippedReader& reader,
                   detect::ShippedBody& found, detect::AuditBatch& batch) {
  batch.clear();
  const auto report = decoder.decode(body, batch);
  if (report.invalid == 0 && !report.broken) return report.events;
  found.clear();
  reader.read(body, found);
  return report.events - report.invalid + decoder.decode_lines(found.events, batch).events;
}

double measure(const std::string& what, const std::string& body, double seconds, double plain) {
  detect::AuditDecoder decoder;
  detect::ShippedReader reader;
  detect::ShippedBody found;
  detect::AuditBatch batch;
  double events = 0;
  double bytes = 0;
  const auto begin = Steady::now();
  while (since(begin) < seconds) {
    events += static_cast<double>(take(body, decoder, reader, found, batch));
    bytes += static_cast<double>(body.size());
  }
  const double took = since(begin);
  print(what, events, bytes, took, plain > 0 ? plain : events / took);
  return events / took;
}

/// A file that is there already, to its end, with the consumer on another thread.
void tail(const std::string& lines, double plain) {
  testing::TempDir folder;
  const std::string path = folder.file("audit.log");
  constexpr int kTimes = 400;
  {
    std::ofstream file(path, std::ios::binary);
    for (int i = 0; i < kTimes; ++i) file << lines;
  }
  const auto size = std::filesystem::file_size(path);
  metrics::Registry metrics;
  sources::BatchQueue queue({}, metrics);
  sources::AuditFileFollower follower({.path = path, .initial_bytes = size}, queue, metrics, system_clock());
  double events = 0;
  const double wanted = kTimes * static_cast<double>(AuditBodyShape{}.events);
  const auto begin = Steady::now();
  follower.start();
  while (events < wanted && since(begin) < 60) {
    if (auto delivery = queue.try_pop()) {
      events += static_cast<double>(delivery->report.events);
      queue.recycle(std::move(delivery));
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  print("a file, followed", events, static_cast<double>(size), since(begin), plain);
  follower.stop();
}

int run(double seconds) {
  log::setup(log::Level::kWarn, log::Format::kText);
  const std::string list = audit_body({}, 0);
  const auto events = events_of(list);
  std::string cloudwatch = samples::cloudwatch("kube-apiserver-audit-1", {});
  cloudwatch.insert(cloudwatch.rfind("]}"), joined(events, R"({"id":"3","timestamp":1,"message":")", "\"}", ",", true));
  fmt::print("{} events a body, {} bytes an event\n\n{:<44} {:>12} {:>9} {:>7}\n", events.size(),
             list.size() / events.size(), "one core", "events/s", "MB/s", "ratio");
  static_cast<void>(measure("(warm-up)", list, seconds / 4, 0));
  const double plain = measure("EventList, as the API server posts it", list, seconds, 0);
  const auto lines = joined(events, "", "", "\n", false) + "\n";
  measure("JSON lines", lines, seconds, plain);
  measure("CloudWatch", cloudwatch, seconds, plain);
  measure("Firehose: base64 of gzip of CloudWatch", samples::firehose({samples::base64(samples::gzip(cloudwatch))}),
          seconds, plain);
  measure(
      "Event Hub",
      R"({"records":[)" + joined(events, R"({"category":"kube-audit","properties":{"log":")", "\"}}", ",", true) + "]}",
      seconds, plain);
  measure("Vector, an array", "[" + joined(events, R"({"message":")", "\"}", ",", true) + "]", seconds, plain);
  measure("Fluent Bit, lines", joined(events, R"({"date":1.5,"log":")", "\"}", "\n", true) + "\n", seconds, plain);
  measure("OpenTelemetry",
          R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[)" +
              joined(events, R"({"body":{"stringValue":")", "\"}}", ",", true) + "]}]}]}",
          seconds, plain);
  tail(lines, plain);
  return 0;
}

}  // namespace
}  // namespace remint::bench

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  if (seconds <= 0) {
    fmt::print(stderr, "usage: remint_bench_shipped [seconds of each]\n");
    return 2;
  }
  return remint::bench::run(seconds);
}
