#include "weigh.hpp"

#include <catch2/catch.hpp>

#include "attribution.hpp"

using namespace remint;
using namespace remint::detect;
using namespace std::chrono_literals;

namespace {

Resemblance polls_every(Duration interval, std::uint32_t heard = 100) {
  return {Resemblance::Match::kExact, Time{}, interval, Time{}, heard};
}

Signs exact(Duration interval, Duration silent) {
  Signs signs;
  signs.history = true;
  signs.seen = polls_every(interval);
  signs.silent = silent;
  return signs;
}

Candidate candidate(std::string name, Signs signs) {
  return {"uid-" + name, name, {"apps/v1", "Deployment", "shop", name, "dep-" + name}, signs, true};
}

const CallerFacts kCaller{"10.0.0.4", "the address of node n, on which 5 pods run", "cart/v1", "pods in shop"};

}  // namespace

TEST_CASE("A client that is not due yet is not silent") {
  CHECK(chance_of_silence(polls_every(10s), 9s) == 1);
  CHECK(chance_of_silence(polls_every(10s), 12s) < 1);
  CHECK(chance_of_silence(polls_every(10s), 60s) == Approx(0.01));
  CHECK(chance_of_silence(polls_every(5min), 4min) == 1);
}

TEST_CASE("The fewer requests were counted, the longer is waited for the next") {
  CHECK(chance_of_silence(polls_every(5min, 2), 9min) == 1);
  CHECK(chance_of_silence(polls_every(5min, 100), 9min) < 0.2);
  CHECK(chance_of_silence(polls_every(5min, 1), 10h) == 1);
  CHECK(chance_of_silence({}, 10h) == 1);
}

TEST_CASE("A lone candidate is believed when its request is overdue, and not before") {
  CHECK(judge(kCaller, {candidate("cart", exact(10s, 9s))}).confidence < 0.9);
  CHECK(judge(kCaller, {candidate("cart", exact(10s, 30s))}).confidence > 0.95);
}

TEST_CASE("Rejections that begin when its watch ends are believed to be its own, though it is not due for long") {
  auto watching = exact(7min, 7min);
  watching.seen.ended = Time{} + 7min;
  watching.pause = 300ms;
  CHECK(judge(kCaller, {candidate("cart", watching)}).confidence > 0.95);
  watching.pause = 1min;
  CHECK(judge(kCaller, {candidate("cart", watching)}).confidence < 0.9);
  watching.pause = -1min;  // while the watch was open
  CHECK(judge(kCaller, {candidate("cart", watching)}).confidence < 0.9);
}

TEST_CASE("A poller's rejections that follow on its last success prove little: it calls all the time") {
  auto polling = exact(3s, 3s);
  polling.seen.ended = Time{};
  polling.pause = 300ms;
  CHECK(judge(kCaller, {candidate("cart", polling)}).confidence < 0.9);
}

TEST_CASE("Who was accepted since explains nothing and counts for nothing") {
  auto healthy = exact(10s, 0s);
  healthy.explained = 0;
  const auto verdict = judge(kCaller, {candidate("a", exact(10s, 60s)), candidate("b", healthy)});
  CHECK(verdict.workload_uid == "dep-a");
  CHECK(verdict.confidence > 0.95);
  CHECK(std::ranges::any_of(verdict.reasons, [](const std::string& r) { return r.contains("healthy"); }));
}

TEST_CASE("Two alike share the blame, and the log's word decides between them") {
  auto a = exact(10s, 60s);
  auto b = exact(10s, 60s);
  CHECK(judge(kCaller, {candidate("a", a), candidate("b", b)}).confidence < 0.51);
  a.named = true;
  b.excluded_by_name = true;
  const auto verdict = judge(kCaller, {candidate("a", a), candidate("b", b)});
  CHECK(verdict.workload_uid == "dep-a");
  CHECK(verdict.confidence > 0.95);
}

TEST_CASE("Replicas of one workload do not compete") {
  auto first = candidate("cart", exact(10s, 60s));
  auto second = candidate("cart", exact(10s, 60s));
  second.uid = "uid-other";
  const auto verdict = judge(kCaller, {first, second});
  CHECK(verdict.confidence > 0.95);
  CHECK(verdict.pods.size() == 2);
}

TEST_CASE("When it most likely was a pod on its way out, nobody is named in its stead") {
  auto going = candidate("cart", exact(10s, 60s));
  going.alive = false;
  CHECK(judge(kCaller, {going, candidate("web", exact(10s, 9s))}).workload_uid.empty());
}

TEST_CASE("Only what a program calls itself is a hint, not what many are called") {
  CHECK(program_of("shop-operator/v1.4 (linux/amd64) kubernetes/$Format") == "shop-operator");
  for (const char* generic : {"Go-http-client/2.0", "OpenAPI-Generator/11.0.0/python", "okhttp/4.9",
                              "node-fetch/1.0 (x)", "undici", "", "a/1", "curl/7.88.1"}) {
    CHECK(program_of(generic).empty());
  }
}
