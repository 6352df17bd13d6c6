// How many audit events a second one core takes from the socket to case and decision, beside what decoding
// alone reaches on the same core in the same run. The server and the consumer share core 0, the senders have core 1.
//   remint_bench_intake [seconds] [senders]

#include <fmt/format.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "audit_body.hpp"
#include "remint/base/log.hpp"
#include "remint/controllers/detection_engine.hpp"
#include "remint/sources/audit_webhook.hpp"
#include "unit/http/support/client.hpp"
#include "unit/http/support/pki.hpp"

namespace remint::bench {
namespace {

using Steady = std::chrono::steady_clock;
using sources::AuditDelivery;

constexpr std::size_t kBodies = 64;

struct Figures {
  double events = 0, bytes = 0;
  double wall = 0;  ///< seconds
  double cpu = 0;   ///< seconds of the threads under test
};

void pin_to(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  // Refused on a machine with one core: the figures are then what they are.
  static_cast<void>(sched_setaffinity(0, sizeof set, &set));
}

double cpu_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double since(Steady::time_point begin) { return std::chrono::duration<double>(Steady::now() - begin).count(); }

Figures decode_alone(const std::vector<std::string>& bodies, double seconds) {
  detect::AuditDecoder decoder;
  detect::AuditBatch batch;
  Figures figures;
  const auto begin = Steady::now();
  const auto cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  for (std::size_t i = 0; since(begin) < seconds; ++i) {
    const auto& body = bodies[i % bodies.size()];
    batch.clear();
    figures.events += static_cast<double>(decoder.decode(body, batch).events);
    figures.bytes += static_cast<double>(body.size());
  }
  figures.wall = since(begin);
  figures.cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
  return figures;
}

/// The one thread behind the queue.
class Consumer {
 public:
  Consumer(sources::BatchQueue& queue, std::function<void(const AuditDelivery&)> take)
      : queue_(queue), take_(std::move(take)) {
    queue_.on_push([this] {
      const std::lock_guard lock(mutex_);
      rung_ = true;
      bell_.notify_one();
    });
    thread_ = std::thread([this] { run(); });
  }
  ~Consumer() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = rung_ = true;
    }
    bell_.notify_one();
    thread_.join();
  }
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

 private:
  void run() {
    for (;;) {
      bool last = false;
      {
        std::unique_lock lock(mutex_);
        bell_.wait(lock, [this] { return rung_; });
        rung_ = false;
        last = stop_;
      }
      while (auto delivery = queue_.try_pop()) {
        take_(*delivery);
        queue_.recycle(std::move(delivery));
      }
      if (last) return;
    }
  }
  sources::BatchQueue& queue_;
  std::function<void(const AuditDelivery&)> take_;
  std::mutex mutex_;
  std::condition_variable bell_;
  bool rung_ = false, stop_ = false;
  std::thread thread_;
};

/// The pods that the bodies speak of, one Deployment each ten of them.
std::unique_ptr<controllers::DetectionEngine> engine_with_pods(std::size_t pods) {
  auto engine = std::make_unique<controllers::DetectionEngine>(controllers::EngineSettings{});
  auto& inventory = engine->detector().inventory();
  const Time created = system_clock().now() - std::chrono::hours(24 * 400);
  for (std::size_t i = 0; i < pods; ++i) {
    detect::PodRecord pod;
    pod.uid = pod_uid(i);
    pod.ns = "bench";
    pod.name = fmt::format("pod-{}", i);
    pod.ips = {*IpAddress::parse(pod_address(i))};
    pod.created = created;
    pod.started = created;
    pod.owner = {"apps/v1", "DaemonSet", fmt::format("set-{}", i / 10), fmt::format("uid-set-{}", i / 10)};
    pod.revision = "1";
    inventory.apply(std::move(pod), created);
  }
  return engine;
}

struct IntakeResult {
  Figures figures;
  double refused = 0;                ///< answers other than 200
  std::vector<double> milliseconds;  ///< from the body's last byte to the end of deciding, per batch
};

IntakeResult intake(const std::vector<std::string>& bodies, double seconds, unsigned senders) {
  testing::TempDir dir;
  testing::Pki pki(dir, "bench");
  const auto server_files = pki.issue_server("server");
  const auto client_files = pki.issue_client("client", "kube-apiserver");
  std::vector<std::string> requests;
  for (const auto& body : bodies)
    requests.push_back(testing::post("/audit?timeout=30s", body, "Content-Type: application/json\r\n"));

  IntakeResult result;
  metrics::Registry metrics;
  sources::BatchQueue queue({}, metrics);
  auto engine = engine_with_pods(AuditBodyShape{}.pods);
  std::optional<Consumer> consumer;
  consumer.emplace(queue, [&](const AuditDelivery& delivery) {
    const Time now = system_clock().now();
    engine->observe(delivery.report, delivery.batch, now);
    static_cast<void>(engine->advance(now));
    result.milliseconds.push_back(static_cast<double>(system_clock().steady_now().count() - delivery.received_ns) /
                                  1e6);
  });
  const auto webhook = std::move(*sources::AuditWebhook::create({}, queue, metrics, system_clock()));
  http::Settings settings;
  settings.name = "audit";
  settings.listen = "127.0.0.1:0";
  settings.tls = http::TlsFiles{server_files.certificate, server_files.key, pki.ca_file(), true};
  const auto server =
      std::move(*http::Server::start(settings,
                                     {{"POST", "/audit", [&](const http::Request& r) { return webhook->handle(r); },
                                       [&](const http::Request& r) { return webhook->admit(r); }}},
                                     metrics));

  std::atomic<std::uint64_t> good = 0;
  std::atomic<std::uint64_t> bad = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<double> sender_cpu = 0;
  const auto begin = Steady::now();
  const auto cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  {
    std::vector<std::jthread> threads;
    for (unsigned s = 0; s < senders; ++s) {
      threads.emplace_back([&, s] {
        pin_to(1);
        testing::Client client(server->port(),
                               testing::ClientTls{pki.ca_file(), client_files.certificate, client_files.key});
        for (std::size_t i = s; since(begin) < seconds; i += senders) {
          const auto& request = requests[i % requests.size()];
          if (client.ask(request).status == 200) {
            ++good;
            bytes += request.size();
          } else {
            ++bad;
          }
        }
        sender_cpu += cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
      });
    }
  }
  result.figures.wall = since(begin);
  result.figures.cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu - sender_cpu;
  result.figures.events = static_cast<double>(good) * static_cast<double>(AuditBodyShape{}.events);
  result.figures.bytes = static_cast<double>(bytes);
  result.refused = static_cast<double>(bad);
  server->drain(std::chrono::seconds(2));
  consumer.reset();  // it writes into the result until here
  return result;
}

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(index));
  return values[index];
}

void print(const char* what, const Figures& f) {
  fmt::print("{:<38} {:>12.0f} {:>9.0f} {:>18.0f}\n", what, f.events / f.wall, f.bytes / f.wall / 1e6,
             f.events / f.cpu);
}

int run(double seconds, unsigned senders) {
  pin_to(0);
  std::vector<std::string> bodies;
  const AuditBodyShape shape;
  for (std::size_t i = 0; i < kBodies; ++i) bodies.push_back(audit_body(shape, i * shape.events));
  fmt::print(
      "Audit intake: {} events a batch, {} bytes an event, 1 % rejections, {} pods, {} connections, {:.0f} s each\n\n",
      shape.events, bodies[0].size() / shape.events, shape.pods, senders, seconds);

  static_cast<void>(decode_alone(bodies, 0.3));  // warm
  const auto alone = decode_alone(bodies, seconds);
  auto whole = intake(bodies, seconds, senders);
  fmt::print("{:<38} {:>12} {:>9} {:>18}\n", "one core", "events/s", "MB/s", "events/CPU second");
  print("decoding alone", alone);
  print("TLS + client certificate, to decision", whole.figures);
  fmt::print(
      "\nratio {:.2f} (per CPU second {:.2f}); {:.0f} answers other than 200; received to decided p50 {:.2f} ms, p99 "
      "{:.2f} ms\n",
      whole.figures.events / whole.figures.wall / (alone.events / alone.wall),
      whole.figures.events / whole.figures.cpu / (alone.events / alone.cpu), whole.refused,
      percentile(whole.milliseconds, 0.5), percentile(whole.milliseconds, 0.99));
  return whole.refused == 0 ? 0 : 1;
}

}  // namespace
}  // namespace remint::bench

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  const int senders = argc > 2 ? std::atoi(argv[2]) : 4;
  if (seconds <= 0 || senders <= 0) {
    fmt::print(stderr, "usage: remint_bench_intake [seconds] [senders]\n");
    return 2;
  }
  return remint::bench::run(seconds, static_cast<unsigned>(senders));
}
