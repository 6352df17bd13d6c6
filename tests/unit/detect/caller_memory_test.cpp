// What is learnt of callers outlives the process: a new leader names the pods behind a shared address, too.
#include "shared_node.hpp"

using namespace remint;
using namespace remint::detect;
using namespace remint::detect::shared_node;

namespace {

constexpr std::size_t kRoom = 100'000;

/// Ten minutes in which "a" and "b" were accepted from their node's address, as a predecessor left them.
std::string learnt() {
  Node before;
  before.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 10min);
  before.repeat({.pod = "b", .agent = "web/v1"}, 0s, 10min);
  return before.detector.save_callers(before.now, kRoom);
}

}  // namespace

// On a real node: a new signing key ends Remint's own token, and its process, too. The one that came after it did not
// know the pods on the host network, and left them broken.
TEST_CASE("a pod on the host network whose token died while nobody listened is named by the next process") {
  Node node;
  CHECK(node.detector.restore_callers(learnt(), start() + 20min) == 2U);
  node.repeat({.pod = "b", .agent = "web/v1"}, 20min, 23min);
  node.repeat({.agent = "cart/v1"}, 20min, 23min);
  const auto found = node.of("a");
  REQUIRE(found);
  CHECK(found->confidence > 0.9);
  CHECK_FALSE(node.of("b"));
}

TEST_CASE("what nobody listened to was no silence: who merely was not heard yet is not named") {
  Node node;
  node.repeat({.agent = "cart/v1"}, 20min, 20min + 5s, 1s);  // waited in the queue
  REQUIRE(node.detector.restore_callers(learnt(), start() + 20min + 5s));
  node.repeat({.agent = "cart/v1"}, 20min + 5s, 20min + 9s, 1s);
  const auto found = node.of("a");
  CHECK((!found || found->confidence <= 0.5));
}

TEST_CASE("what was learnt in the meantime is kept beside what is restored") {
  Node node;
  node.repeat({.pod = "b", .agent = "web/v2"}, 15min, 20min);
  REQUIRE(node.detector.restore_callers(learnt(), start() + 20min));
  node.repeat({.agent = "web/v2"}, 20min, 23min);
  const auto found = node.of("b");
  REQUIRE(found);
  CHECK(found->confidence > 0.9);
}

TEST_CASE("a process that was told hands on the same, and nothing of pods that are gone") {
  Node node({"a"});
  CHECK(node.detector.restore_callers(learnt(), start() + 20min) == 1U);
  const std::string again = node.detector.save_callers(start() + 21min, kRoom);
  CHECK_THAT(learnt(), Catch::Contains("\nb "));
  CHECK_THAT(again, Catch::Contains("\na 192.168.0.4 ") && !Catch::Contains("\nb "));
  const std::string line = again.substr(again.find('\n'));
  CHECK_THAT(learnt(), Catch::Contains(line));
}

TEST_CASE("a text that is too long for its place loses whole pods, those first that were heard longest ago") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 1min);
  node.repeat({.pod = "b", .agent = "web/v1"}, 0s, 2min);
  const std::string all = node.detector.save_callers(start() + 2min, kRoom);
  const std::string most = node.detector.save_callers(start() + 2min, all.size() - 1);
  CHECK_THAT(most, Catch::Contains("\nb ") && !Catch::Contains("\na ") && Catch::EndsWith("\n"));
}

TEST_CASE("where no address is shared there is nothing to keep") {
  Node node;
  node.repeat({.pod = "a", .from = "10.244.1.97"}, 0s, 1min);
  CHECK(node.detector.save_callers(start() + 1min, kRoom).empty());
  CHECK(node.detector.callers_learnt() == 0);
}

TEST_CASE("it is worth saving when a pod was heard in a new way, and only then") {
  Node node;
  node.repeat({.pod = "a", .agent = "cart/v1"}, 0s, 1min);
  const auto once = node.detector.callers_learnt();
  CHECK(once > 0);
  node.repeat({.pod = "a", .agent = "cart/v1"}, 1min, 5min);
  CHECK(node.detector.callers_learnt() == once);
}

TEST_CASE("a saved text that somebody has spoilt does no harm") {
  Node node;
  const Time now = start() + 20min;
  CHECK_FALSE(node.detector.restore_callers("", now));
  CHECK_FALSE(node.detector.restore_callers("remint.dev/callers/2 then\n", now));
  CHECK_FALSE(node.detector.restore_callers("{}", now));
  CHECK_FALSE(node.detector.restore_callers(std::string(2U << 20U, 'x'), now));
  const std::string head = "remint.dev/callers/1 2026-07-01T10:00:00Z\n";
  for (const std::string line :
       {"a", "a 192.168.0.4 1,2", "a 192.168.0.4 x,2,3,4,5,6,7", "a 1.2.3.4,1.2.3.5,1.2.3.6,1.2.3.7,1.2.3.8",
        "a 192.168.0.4 1,2,3,4,9,6,7", "a 192.168.0.4 1,2,3,4,5,99999999999,7", "a nowhere 1,2,3,4,5,6,7",
        "a 192.168.0.4 1,2,3,4,5,6,7,8", "a 192.168.0.4 1,2,3,99999999999,5,6,7", "\0\xff"}) {
    CAPTURE(line);
    const auto taken = node.detector.restore_callers(head + line + "\nzz 1.2.3.4 1,2,3,4,5,6,7\n", now);
    REQUIRE(taken);
    CHECK(*taken <= (line == "a" ? 1U : 0U));
  }
}

// Twice the count over the same time is half the interval: a client that called every ten minutes was overdue after
// eleven.
TEST_CASE("restoring twice changes nothing") {
  Node node;
  REQUIRE(node.detector.restore_callers(learnt(), start() + 20min));
  const std::string once = node.detector.save_callers(start() + 20min, kRoom);
  REQUIRE(node.detector.restore_callers(learnt(), start() + 20min));
  CHECK(node.detector.save_callers(start() + 20min, kRoom) == once);
}
