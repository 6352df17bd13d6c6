// What pods' own logs and Events add: to the pod they speak of, and to nobody else.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "shared_node.hpp"

using namespace remint;
using namespace remint::detect;
using namespace remint::detect::shared_node;

namespace {

Clue line(std::string uid, Duration at, std::string audit_id = "", std::string text = "Error: Unauthorized") {
  return {ClueSource::kPodLog,   start() + at,    std::move(uid),
          "client-go reflector", std::move(text), std::move(audit_id)};
}

Clue told(std::string uid, Duration at) {
  return {
      ClueSource::kKubernetesEvent, start() + at, std::move(uid), "network plugin", "connection is unauthorized", ""};
}

std::vector<std::string> sources(const Case& found) {
  std::vector<std::string> all;
  std::ranges::transform(found.evidence, std::back_inserter(all), &Evidence::source);
  return all;
}

bool says(const std::vector<std::string>& reasons, std::string_view text) {
  return std::ranges::any_of(reasons, [text](const std::string& reason) { return reason.contains(text); });
}

/// a and b call alike; then their common caller is rejected, every 10 s.
void fall_silent_together(Node& node) {
  for (const char* uid : {"a", "b"}) node.repeat({.pod = uid}, 0s, 10min);
}

}  // namespace

TEST_CASE("a pod of which only its own log says 401 makes a case of its own, and no rejection") {
  Node node;
  node.detector.observe({line("a", 10s), line("a", 20s)}, start() + 21s);
  CHECK(node.detector.take_changed() == std::vector<std::string>{"dep-a"});
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->diagnosis == Diagnosis::kUnknown);
  CHECK(found->confidence == 0.95);
  CHECK(found->cause == "7d9c");
  CHECK(found->suspects.empty());
  REQUIRE(found->pods.size() == 1);
  const PodHealth& pod = found->pods[0];
  CHECK(pod.log_clues == std::vector<Time>{start() + 10s, start() + 20s});
  CHECK(pod.event_clues.empty());
  CHECK(pod.rejections.empty());
  CHECK_FALSE(pod.failing_since);
  CHECK(sources(*found) == std::vector<std::string>{"pod-log", "pod-log"});
  CHECK(found->evidence[0].text == "client-go reflector: Error: Unauthorized");
  CHECK(says(found->reasons, "its own log says since 2026"));
  CHECK_FALSE(node.of("b"));
  CHECK(node.detector.counts().clues == 2);
}

TEST_CASE("an Event's word is worth less than a log's, and neither makes a dead token of another pod") {
  Node node;
  node.detector.observe({told("a", 10s)}, start() + 10s);
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->confidence == 0.9);
  CHECK(node.of("a")->pods[0].event_clues.size() == 1);
  CHECK(sources(*node.of("a")) == std::vector<std::string>{"kubernetes-event"});
}

TEST_CASE("a success ends what was said before it, whichever of the two is heard first") {
  Node node;
  node.detector.observe({line("a", 10s)}, start() + 12s);
  node.observe({{.pod = "a", .at = 15s}});
  CHECK_FALSE(node.of("a"));
  node.detector.observe({line("a", 14s)}, start() + 20s);
  CHECK_FALSE(node.of("a"));
  node.detector.observe({line("a", 16s)}, start() + 20s);
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->pods[0].log_clues == std::vector<Time>{start() + 16s});
}

TEST_CASE("what Events say is not ended by a success: a CNI plugin's token is another one than its pod's") {
  Node node;
  node.detector.observe({told("a", 10s)}, start() + 10s);
  node.observe({{.pod = "a", .at = 15s}});
  CHECK(node.of("a"));
  node.detector.observe({told("a", 12s)}, start() + 20s);
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->pods[0].event_clues.size() == 2);
}

TEST_CASE("clues are not taken of pods that are unknown, younger, on their way out or finished, nor of other times") {
  Node node({"a", "b", "c"});
  PodRecord going = Node::record("b");
  going.deleting = start();
  node.apply(going);
  PodRecord finished = Node::record("c");
  finished.finished = true;
  node.apply(finished);
  node.add("d", start() + 5min);
  node.detector.observe(
      {line("b", 1s), line("c", 1s), line("x", 1s), line("d", 4min), line("a", -2h), line("a", 10min)}, start() + 5min);
  CHECK(node.detector.counts().clues == 0);
  CHECK(node.detector.open_cases().empty());
  // An hour later nobody remembers, and a terminating pod's case closes at once.
  node.detector.observe({line("a", 5min)}, start() + 5min);
  CHECK(node.of("a"));
  node.detector.expire(start() + 66min);
  CHECK_FALSE(node.of("a"));
  node.detector.observe({line("a", 66min)}, start() + 66min);
  PodRecord then = Node::record("a");
  then.deleting = start() + 66min;
  node.apply(then);
  CHECK_FALSE(node.of("a"));
}

TEST_CASE("doubled and shuffled clues, among successes and rejections, give the same case") {
  const auto play = [](unsigned seed) {
    Node node;
    std::vector<Clue> clues;
    for (int i = 0; i < 300; ++i) clues.push_back(line("a", i * 1s, "", "line " + std::to_string(i % 7)));
    for (int i = 0; i < 20; ++i) clues.push_back(told("a", i * 9s));
    const auto copy = clues;
    clues.insert(clues.end(), copy.begin(), copy.end());
    std::mt19937 dice(seed);
    if (seed > 0) std::ranges::shuffle(clues, dice);
    const std::size_t half = seed > 0 ? clues.size() / 2 : 0;
    node.detector.observe({clues.begin(), clues.begin() + static_cast<std::ptrdiff_t>(half)}, start() + 5min);
    node.observe({{.pod = "a", .at = 40s}});
    node.detector.observe({clues.begin() + static_cast<std::ptrdiff_t>(half), clues.end()}, start() + 5min);
    const auto found = node.of("a");
    REQUIRE(found);
    std::string text = fmt::format("{} {}", found->confidence, found->pods[0].log_clues.size());
    for (const Time time : found->pods[0].log_clues) text += format_rfc3339(time);
    for (const Time time : found->pods[0].event_clues) text += format_rfc3339(time);
    for (const Evidence& one : found->evidence) text += one.source + one.text + format_rfc3339(one.time);
    return text;
  };
  const std::string expected = play(0);
  CHECK(expected.starts_with("0.95 128"));
  for (unsigned seed = 1; seed < 6; ++seed) CHECK(play(seed) == expected);
}

TEST_CASE("an Audit-Id in a pod's log says whose the rejected request was, whichever of the two comes first") {
  for (const bool log_first : {true, false}) {
    INFO(log_first);
    Node node;
    fall_silent_together(node);
    const int first = node.next_id + 1;
    std::vector<Clue> clues;
    for (int i = 0; i < 12; ++i) clues.push_back(line("b", 10min + i * 10s, fmt::format("e{}", first + i)));
    if (log_first) node.detector.observe(clues, start() + 12min);
    node.repeat({}, 10min, 12min);
    if (!log_first) {
      (void)node.detector.take_changed();
      node.detector.observe(clues, start() + 12min);
    }
    const auto found = node.of("b");
    REQUIRE(found);
    CHECK(found->confidence == 0.99);
    CHECK(found->pods[0].rejection_count == 12);
    CHECK(found->pods[0].failing_since == start() + 10min);
    CHECK(says(found->reasons, fmt::format("its own log names the request (Audit-Id e{})", first + 11)));
    CHECK_FALSE(says(found->reasons, "which is not on the host network"));
    CHECK_FALSE(node.of("a"));
    CHECK(node.detector.counts().clues_joined == 12);
    CHECK(node.detector.health("dep-b", start() - 2h).front().rejection_count == 12);
    // Cured: it is heard again.
    node.observe({{.pod = "b", .at = 13min}});
    CHECK_FALSE(node.of("b"));
  }
}

TEST_CASE("what a pod's log does not name is not laid at its door, and nobody is cleared by it") {
  Node node;
  fall_silent_together(node);
  const int first = node.next_id + 1;
  // Both are broken: one of every two rejections is b's, and b's log names those.
  node.repeat({}, 10min, 12min);
  std::vector<Clue> clues;
  for (int i = 0; i < 12; i += 2) clues.push_back(line("b", 10min + i * 10s, fmt::format("e{}", first + i)));
  node.detector.observe(clues, start() + 12min);
  REQUIRE(node.of("b"));
  CHECK(node.of("b")->confidence == 0.99);
  // b is cured, and the others go on: now they are a's.
  node.observe({{.pod = "b", .at = 12min}});
  node.repeat({.pod = "b"}, 12min, 14min);
  node.repeat({}, 12min + 5s, 14min, 20s);
  CHECK_FALSE(node.of("b"));
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->confidence > 0.9);
}

TEST_CASE("two pods whose logs print one Audit-Id are both not believed") {
  for (const bool before : {true, false}) {
    INFO(before);
    Node node;
    fall_silent_together(node);
    const std::string id = fmt::format("e{}", node.next_id + 1);
    if (before) node.detector.observe({line("b", 10min, id), line("a", 10min + 1s, id)}, start() + 10min + 2s);
    node.repeat({}, 10min, 12min);
    if (!before) {
      node.detector.observe({line("b", 10min, id)}, start() + 10min + 2s);
      CHECK(node.detector.counts().clues_joined == 1);
      node.detector.observe({line("a", 10min + 1s, id)}, start() + 10min + 2s);
    }
    for (const char* uid : {"a", "b"}) {
      const auto found = node.of(uid);
      CHECK((!found || found->pods[0].rejections.empty() || found->confidence < 0.6));
      CHECK((!found || !says(found->reasons, "names the request")));
    }
    std::size_t rejections = 0;
    for (const char* uid : {"a", "b"}) {
      if (const auto found = node.of(uid)) rejections = std::max(rejections, found->pods[0].rejections.size());
    }
    CHECK(rejections == 12);
  }
}

TEST_CASE("a pod that repeats others' lines is not taken for who sent the request") {
  Node node({"a", "b", "collector"});
  fall_silent_together(node);
  node.repeat({.pod = "collector", .agent = "collector/v2", .resource = "pods"}, 0s, 9min);
  PodRecord elsewhere = Node::record("far");
  elsewhere.node = "worker-2";
  node.apply(elsewhere);
  const int first = node.next_id + 1;
  node.repeat({}, 10min, 12min);
  node.detector.observe({line("collector", 10min + 5s, fmt::format("e{}", first)),
                         line("far", 10min + 15s, fmt::format("e{}", first + 1))},
                        start() + 12min);
  CHECK(node.detector.counts().clues_joined == 0);
  CHECK(node.detector.counts().clues == 2);
}

TEST_CASE("a pod cannot take upon itself a request that came from another pod's own address") {
  Node node;
  node.observe({{.at = 1s, .from = "10.244.1.97"}, {.at = 11s, .from = "10.244.1.97"}});
  node.detector.observe({line("b", 1s, "e1"), line("b", 11s, "e2")}, start() + 12s);
  REQUIRE(node.of("a"));
  CHECK(node.of("a")->confidence == 0.97);
  CHECK(node.of("a")->pods[0].rejection_count == 2);
  REQUIRE(node.of("b"));
  CHECK(node.of("b")->pods[0].rejections.empty());
}

TEST_CASE(
    "a request from outside the cluster stays nobody's, even when a pod's log names it: both can be made up there") {
  Node node;
  node.observe({{.at = 1s, .from = "203.0.113.9"}});
  CHECK(node.detector.counts().external == 1);
  node.detector.observe({line("b", 1s, "e1")}, start() + 2s);
  CHECK(node.detector.counts().clues_joined == 0);
  REQUIRE(node.of("b"));
  CHECK(node.of("b")->pods[0].rejections.empty());
}

TEST_CASE("near a caller that is rejected all the time every line is, and so it says nothing") {
  Node node;
  fall_silent_together(node);
  for (auto at = 10min + 2s; at < 12min; at += 3s) node.observe({{.at = at}});
  std::vector<Clue> clues;
  for (int i = 0; i < 12; ++i) clues.push_back(line("b", 10min + i * 10s));
  node.detector.observe(clues, start() + 12min);
  const auto found = node.of("b");
  REQUIRE(found);
  CHECK_FALSE(says(found->reasons, "in the same seconds"));
  CHECK(found->pods[0].rejections.empty());  // they are not taken for its own
}

TEST_CASE("of two that call alike the one whose own log says 401 in the same seconds is likelier") {
  Node node;
  fall_silent_together(node);
  node.repeat({}, 10min, 12min);
  const auto unsure = node.of("a") ? node.of("a") : node.of("b");
  REQUIRE(unsure);
  CHECK(unsure->confidence < 0.6);
  std::vector<std::string> suspects = unsure->suspects;
  std::ranges::sort(suspects);
  CHECK(suspects == std::vector<std::string>{"a", "b"});
  std::vector<Clue> clues;
  for (int i = 0; i < 12; ++i) clues.push_back(line("b", 10min + i * 10s + 700ms));
  node.detector.observe(clues, start() + 12min);
  const auto found = node.of("b");
  REQUIRE(found);
  CHECK(found->confidence > 0.9);
  CHECK(says(found->reasons, "pod shop/cart-b's own log says 401 in the same seconds"));
  CHECK(found->suspects.front() == "b");
}

TEST_CASE("a log that says 401 at other times makes its pod no likelier") {
  Node node;
  fall_silent_together(node);
  node.repeat({}, 10min, 12min);
  std::vector<Clue> clues;
  for (int i = 0; i < 11; ++i) clues.push_back(line("b", 10min + i * 10s + 5s));
  clues.push_back(line("b", 10min));  // one of twelve is near
  node.detector.observe(clues, start() + 12min);
  const auto found = node.of("b");
  CHECK((!found || found->confidence < 0.96));
  CHECK((!found || !says(found->reasons, "in the same seconds")));
}

// An incident of tests/traces: it talks to another server, too, and happened to be idle when its twin died.
TEST_CASE("a program that said 401 all the time while it was accepted is not believed when it falls silent") {
  for (const bool log_first : {true, false}) {
    INFO(log_first);
    Node node;
    std::vector<Clue> wolf;
    for (int i = 0; i < 60; ++i) wolf.push_back(line("b", i * 10s + 4s));
    if (log_first) node.detector.observe(wolf, start() + 10min);
    fall_silent_together(node);
    if (!log_first) node.detector.observe(wolf, start() + 10min);
    node.repeat({}, 10min, 12min);
    std::vector<Clue> clues;
    for (int i = 0; i < 12; ++i) clues.push_back(line("b", 10min + i * 10s + 700ms));
    node.detector.observe(clues, start() + 12min);
    for (const char* uid : {"a", "b"}) {
      const auto found = node.of(uid);
      CHECK((!found || found->confidence < 0.6));
      CHECK((!found || found->clue_confidence <= 0.5));
    }
  }
}

TEST_CASE(
    "a client that reads its token again after each refusal, once in a token's life, is believed when it no longer "
    "does") {
  Node node;
  fall_silent_together(node);
  node.detector.observe({line("b", 2min + 1s), line("b", 2min + 2s), line("b", 8min + 3s)}, start() + 10min);
  node.repeat({}, 10min, 12min);
  std::vector<Clue> clues;
  for (int i = 0; i < 12; ++i) clues.push_back(line("b", 10min + i * 10s + 700ms));
  node.detector.observe(clues, start() + 12min);
  REQUIRE(node.of("b"));
  CHECK(node.of("b")->confidence > 0.9);
}

// An incident of tests/traces: a collector that never calls the API server prints what it collects.
TEST_CASE("a pod that was never heard is not taken for who sent a request where one that fell silent is known for it") {
  for (const bool known : {true, false}) {
    INFO(known);
    Node node({"a", "collector"});
    if (known) node.repeat({.pod = "a"}, 0s, 10min);
    const int first = node.next_id + 1;
    node.repeat({}, 10min, 11min);
    std::vector<Clue> clues;
    for (int i = 0; i < 6; ++i) clues.push_back(line("collector", 10min + i * 10s, fmt::format("e{}", first + i)));
    node.detector.observe(clues, start() + 11min);
    // The first of them came before a was missed.
    CHECK(node.detector.counts().clues_joined == (known ? 1 : 6));
  }
}

TEST_CASE("a pod that was never heard is believed where the one that calls alike goes on being accepted") {
  Node node({"a", "b"});
  node.repeat({.pod = "a"}, 0s, 10min);
  std::vector<Clue> clues;
  for (int i = 0; i < 6; ++i) {
    node.observe({{.at = 10min + i * 10s}});
    clues.push_back(line("b", 10min + i * 10s, fmt::format("e{}", node.next_id)));
    node.observe({{.pod = "a", .at = 10min + i * 10s + 5s}});
  }
  node.detector.observe(clues, start() + 11min);
  CHECK(node.detector.counts().clues_joined == 6);
  REQUIRE(node.of("b"));
  CHECK(node.of("b")->confidence == 0.99);
  CHECK_FALSE(node.of("a"));
}

TEST_CASE("restarts after the first 401 are evidence of the same case, and never one alone") {
  Node node;
  PodRecord pod = Node::record("a");
  pod.containers = {{"app", {}, start() + 30s, 1, 3, true}, {"proxy", start() - 1h, start() - 1h, 137, 1, false}};
  node.apply(pod);
  CHECK_FALSE(node.of("a"));
  node.observe({{.at = 1s, .from = "10.244.1.97"}});
  const auto found = node.of("a");
  REQUIRE(found);
  REQUIRE(sources(*found) == std::vector<std::string>{"audit", "pod-status"});
  CHECK(found->evidence[1].text ==
        "container app of pod cart-a ended after its first 401, with exit code 1; restarted 3 times in all; "
        "CrashLoopBackOff");
  CHECK(found->evidence[1].time == start() + 30s);
}
