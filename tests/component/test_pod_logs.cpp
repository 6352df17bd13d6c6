// Pods' logs over a real client: followed, read in turn, looked into; and the logs of API servers' pods.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "fixture.hpp"
#include "remint/sources/apiserver_pod_logs.hpp"
#include "remint/sources/pod_log_follower.hpp"
#include "support/manual_clock.hpp"
#include "support/wait_until.hpp"
#include "verbs.hpp"

using namespace remint;
using namespace remint::component;
using namespace remint::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* kRefused = "E1122 10:00:00.000000 1 reflector.go:166] failed to list *v1.Service: Unauthorized";

struct Pods : Served {
  ~Pods() { follower.reset(); }

  static std::string name(std::size_t number) { return "p" + std::to_string(number); }
  static std::string line(const std::string& text = kRefused, Duration age = {}) {
    return format_rfc3339_micro(system_clock().now() - age) + " " + text + "\n";
  }
  void make(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      server.put({{"apiVersion", "v1"},
                  {"kind", "Pod"},
                  {"metadata", {{"namespace", "shop"}, {"name", name(i)}}},
                  {"spec", {{"containers", Json::array({{{"name", "app"}}})}}}});
    }
  }
  std::vector<sources::PodLogTarget> targets(std::size_t count) {
    std::vector<sources::PodLogTarget> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back({.uid = "uid-" + name(i),
                     .pod = {"shop", name(i)},
                     .container = "app",
                     .started = started,
                     .patterns = none});
    }
    return all;
  }
  void forbid_p0() {
    server.faults().add({.method = "GET",
                         .path_prefix = "/api/v1/namespaces/shop/pods/p0/log",
                         .query = {},
                         .times = FaultMatch::kAlways},
                        Fault::answer(403));
  }
  void start() {
    follower =
        std::make_unique<sources::PodLogFollower>(settings,
                                                  sources::PodLogHooks{[this] {
                                                                         ++looked;
                                                                         return acts.load();
                                                                       },
                                                                       [this] { ++asked; },
                                                                       [this](std::vector<detect::Clue>&& clues) {
                                                                         const std::lock_guard lock(mutex);
                                                                         if (!room) return false;
                                                                         for (auto& clue : clues)
                                                                           seen.push_back(std::move(clue));
                                                                         return true;
                                                                       },
                                                                       [this](const std::string& uid) {
                                                                         const std::lock_guard lock(mutex);
                                                                         failed_looks.push_back(uid);
                                                                       }},
                                                  client, connected.metrics, *clock);
    follower->start();
  }
  std::size_t clues(const std::string& uid) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::ranges::count(seen, uid, &detect::Clue::pod_uid));
  }
  double value(const std::string& series) const {
    const std::string all = connected.metrics.expose();
    const auto at = all.find("\n" + series + " ");
    INFO(series);
    REQUIRE(at != std::string::npos);
    return std::stod(all.substr(at + series.size() + 2));
  }

  sources::PodLogSettings settings{.streams = 4, .tails_per_second = 200, .tail_again = 50ms, .refresh = 50ms};
  std::shared_ptr<const std::vector<std::string>> none = std::make_shared<const std::vector<std::string>>();
  Time started = system_clock().now() - 1h;
  ManualClock moved{system_clock().now()};
  const Clock* clock = &system_clock();
  std::atomic<bool> acts{true};
  std::atomic<int> asked{0}, looked{0};  ///< whose logs; whether it may act
  std::mutex mutex;
  bool room = true;
  std::vector<detect::Clue> seen;
  std::vector<std::string> failed_looks;
  std::unique_ptr<sources::PodLogFollower> follower;
};

}  // namespace

TEST_CASE_METHOD(Pods, "the first pods are followed, the others' tails are read in turn, each line once") {
  make(10);
  start();
  follower->set_targets(targets(10));
  REQUIRE(wait_until([&] { return server.open_logs() == 4; }));
  for (std::size_t i = 0; i < 10; ++i) {
    const auto fine = line("fine");
    server.append_log("shop", name(i), "app", fine + line());
  }
  for (std::size_t i = 0; i < 10; ++i) {
    INFO(i);
    CHECK(wait_until([&] { return clues("uid-" + name(i)) >= 1; }));
  }
  // Streams that are cut, and turn after turn, tell nothing twice.
  server.cut_connections();
  REQUIRE(
      wait_until([&] { return value("remint_pod_log_opens_total{result=\"cut\"}") >= 4 && server.open_logs() == 4; }));
  const auto turns = value("remint_pod_log_tails_total{result=\"read\"}");
  REQUIRE(wait_until([&] { return value("remint_pod_log_tails_total{result=\"read\"}") >= turns + 12; }));
  for (std::size_t i = 0; i < 10; ++i) CHECK(clues("uid-" + name(i)) == 1);
  CHECK(value("remint_pod_log_lines_total{result=\"matched\"}") == 10);
  CHECK(value("remint_pod_log_lines_total{result=\"other\"}") == 10);
  CHECK(value("remint_pod_log_targets") == 10);
  CHECK(value("remint_pod_log_streams") == 4);
}

TEST_CASE_METHOD(Pods, "who becomes a suspect is followed from where its tail was read to") {
  settings.streams = 1;
  make(2);
  server.append_log("shop", name(1), "app", line());
  start();
  auto both = targets(2);
  follower->set_targets(both);
  REQUIRE(wait_until([&] { return clues("uid-p1") == 1; }));
  std::ranges::reverse(both);
  follower->set_targets(both);
  REQUIRE(wait_until([&] { return server.requests().count("GET", "/api/v1/namespaces/shop/pods/p1/log") > 1; }));
  server.append_log("shop", name(1), "app", line());
  CHECK(wait_until([&] { return clues("uid-p1") == 2; }));
  CHECK(value("remint_pod_log_lines_total{result=\"matched\"}") == 2);
}

TEST_CASE_METHOD(Pods, "an error of several lines at the end of a log is told without waiting for more") {
  make(1);
  start();
  follower->set_targets(targets(1));
  REQUIRE(wait_until([&] { return server.open_logs() == 1; }));
  server.append_log("shop", "p0", "app",
                    line("kubernetes.client.exceptions.ApiException: (401)") + line("Reason: Unauthorized"));
  CHECK(wait_until([&] { return clues("uid-p0") == 1; }));
}

TEST_CASE_METHOD(Pods, "lines of a container's earlier life accuse nobody") {
  make(1);
  started = system_clock().now() - 1min;
  server.append_log("shop", "p0", "app", line(kRefused, 2min) + line("fine"));
  start();
  follower->set_targets(targets(1));
  REQUIRE(wait_until([&] { return value("remint_pod_log_lines_total{result=\"other\"}") == 1; }));
  CHECK(clues("uid-p0") == 0);
}

TEST_CASE_METHOD(Pods, "a log that has fallen silent is opened anew, and goes on where it was") {
  settings.silence = 300ms;
  make(1);
  start();
  follower->set_targets(targets(1));
  REQUIRE(wait_until([&] { return value("remint_pod_log_opens_total{result=\"silent\"}") >= 2; }));
  server.append_log("shop", "p0", "app", line());
  CHECK(wait_until([&] { return clues("uid-p0") == 1; }));
}

TEST_CASE_METHOD(Pods, "a suspect's log is looked into once") {
  make(2);
  settings.streams = 0;
  server.append_log("shop", "p1", "app", line(kRefused, 5min));
  start();
  follower->look_into({targets(2)[1]});
  CHECK(wait_until([&] { return clues("uid-p1") == 1; }));
  CHECK(value("remint_pod_log_tails_total{result=\"looked\"}") == 1);
  CHECK(server.requests().count("GET", "/api/v1/namespaces/shop/pods/p1/log") == 1);
}

TEST_CASE_METHOD(Pods, "a look that came to nothing is told, whatever the reason") {
  make(2);
  settings.streams = 0;
  forbid_p0();
  start();
  auto all = targets(3);
  all[2].container.clear();  // it does not run yet
  follower->look_into(all);
  const auto told = [&](const std::string& uid) {
    const std::lock_guard lock(mutex);
    return std::ranges::count(failed_looks, uid);
  };
  CHECK(wait_until([&] { return told("uid-p0") == 1 && told("uid-p2") == 1; }));
  CHECK(wait_until([&] { return value("remint_pod_log_tails_total{result=\"looked\"}") == 1; }));
  CHECK(told("uid-p1") == 0);
}

TEST_CASE_METHOD(Pods, "a log that cannot be read shows in the round, and so does what is left out") {
  clock = &moved;
  make(2);
  settings.streams = 0;
  forbid_p0();
  start();
  follower->set_targets(targets(2), 3);
  REQUIRE(wait_until([&] {
    moved.advance(5s);
    return value("remint_pod_log_tails_total{result=\"failed\"}") >= 3;
  }));
  CHECK(value("remint_pod_log_tails_total{result=\"read\"}") >= 1);
  CHECK(value("remint_pod_log_left_out") == 3);
  // It was tried every two minutes. None of these tries was a read.
  CHECK(wait_until([&] {
    follower->set_targets(targets(2));
    return value("remint_pod_log_round_seconds") >= 240;
  }));
  CHECK(value("remint_pod_log_left_out") == 0);
}

TEST_CASE_METHOD(Pods, "clues for which there is no room wait, and a log that says too much at once is cut short") {
  make(1);
  start();
  room = false;
  std::string flood;
  for (int i = 0; i < 10'000; ++i) flood += line();
  server.append_log("shop", "p0", "app", flood);
  follower->set_targets(targets(1));
  REQUIRE(wait_until([&] { return value("remint_pod_log_lines_total{result=\"matched\"}") == 10'000; }));
  CHECK(value("remint_pod_log_dropped_total") >= 5'000);
  {
    const std::lock_guard lock(mutex);
    room = true;
  }
  CHECK(wait_until([&] { return clues("uid-p0") > 0; }));
}

TEST_CASE_METHOD(Pods, "who does not lead reads nothing, and a stop does not wait for silent logs") {
  acts = false;
  make(6);
  start();
  follower->set_targets(targets(6));
  const int before = looked;
  REQUIRE(wait_until([&] { return looked >= before + 2; }));  // it saw that it does not lead, with these targets
  acts = true;
  REQUIRE(wait_until([&] { return asked > 0; }));
  CHECK(server.open_logs() == 0);  // what was told to a follower is forgotten
  follower->set_targets(targets(6));
  REQUIRE(wait_until([&] { return server.open_logs() == 4; }));
  acts = false;
  REQUIRE(wait_until([&] { return server.open_logs() == 0; }));
  acts = true;
  follower->set_targets(targets(6));
  REQUIRE(wait_until([&] { return server.open_logs() == 4; }));
  const auto begin = std::chrono::steady_clock::now();
  follower->stop();
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
}

TEST_CASE_METHOD(Served,
                 "API servers' pods are found by their labels, and their lines handed on without the kubelet's time") {
  for (const char* name : {"kube-apiserver-a", "other"}) {
    server.put(
        {{"apiVersion", "v1"},
         {"kind", "Pod"},
         {"metadata",
          {{"namespace", "kube-system"},
           {"name", name},
           {"labels",
            {{"component", name == std::string("other") ? "etcd" : "kube-apiserver"}, {"tier", "control-plane"}}}}},
         {"spec", {{"containers", Json::array({{{"name", "kube-apiserver"}}})}}}});
  }
  const auto now = [] { return format_rfc3339_micro(system_clock().now()); };
  const std::string first = now() + " E1 first\n", second = now() + " E2 sec";
  server.append_log("kube-system", "kube-apiserver-a", "kube-apiserver", first + second);
  std::mutex mutex;
  std::string seen;
  sources::ApiServerPodLogs logs({.silence = 300ms, .look_every = 100ms},
                                 {[] { return true; },
                                  [&](std::string_view stream, std::string_view lines) {
                                    const std::lock_guard lock(mutex);
                                    seen += std::string(stream) + ": " + std::string(lines);
                                    return true;
                                  }},
                                 client, connected.metrics, system_clock());
  logs.start();
  const auto sees = [&](const std::string& text) {
    const bool same = wait_until([&] {
      const std::lock_guard lock(mutex);
      return seen == text;
    });
    UNSCOPED_INFO("seen: " << seen);
    return same;
  };
  CHECK(sees("kube-apiserver-a: E1 first\n"));
  server.append_log("kube-system", "kube-apiserver-a", "kube-apiserver", "ond\n");
  CHECK(sees("kube-apiserver-a: E1 first\nkube-apiserver-a: E2 second\n"));
  auto& silent = connected.metrics.counter("remint_apiserver_pod_log_opens_total",
                                           "Logs of API servers' pods that were opened, by how that ended.",
                                           {{"result", "silent"}});
  REQUIRE(wait_until([&] { return silent.value() >= 1; }));
  server.append_log("kube-system", "kube-apiserver-a", "kube-apiserver", now() + " E3 third\n");
  CHECK(sees("kube-apiserver-a: E1 first\nkube-apiserver-a: E2 second\nkube-apiserver-a: E3 third\n"));
  server.erase("/api/v1/namespaces/kube-system/pods/kube-apiserver-a");
  CHECK(wait_until([&] { return server.open_logs() == 0; }));
}
