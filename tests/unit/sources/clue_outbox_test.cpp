// One log that says much takes no room from the others.

#include <algorithm>
#include <catch2/catch.hpp>

#include "pod_log_reading.hpp"

namespace remint::sources {
namespace {

struct Outbox {
  metrics::Registry metrics;
  PodLogCounters counters{metrics};
  ClueOutbox box{counters};
  std::vector<detect::Clue> sent;

  static std::vector<detect::Clue> clues(const std::string& pod, int count, int first = 0) {
    std::vector<detect::Clue> all;
    for (int i = first; i < first + count; ++i)
      all.push_back({detect::ClueSource::kPodLog, {}, pod, "", std::to_string(i)});
    return all;
  }
  void send() {
    sent.clear();
    REQUIRE(box.send([this](std::vector<detect::Clue>&& some) {
      sent = std::move(some);
      return true;
    }));
  }
  [[nodiscard]] std::size_t of(const std::string& pod) const {
    return static_cast<std::size_t>(std::ranges::count(sent, pod, &detect::Clue::pod_uid));
  }
};

}  // namespace

TEST_CASE("of one log the newest clues wait, however often it is read between two sends") {
  Outbox outbox;
  for (int i = 0; i < 50; ++i) outbox.box.add("a/app", Outbox::clues("a", 10, 10 * i));
  outbox.box.add("b/app", Outbox::clues("b", 1));
  outbox.send();
  CHECK(outbox.of("a") == ClueOutbox::kOfOneLog);
  CHECK(outbox.of("b") == 1);
  CHECK(outbox.counters.dropped.value() == 400);
  const auto newest = std::ranges::find(outbox.sent, std::string("499"), &detect::Clue::text);
  CHECK(newest != outbox.sent.end());
}

TEST_CASE("when many logs say much, whoever says something last still finds room") {
  Outbox outbox;
  for (int i = 0; i < 500; ++i) outbox.box.add(std::to_string(i) + "/app", Outbox::clues(std::to_string(i), 100));
  outbox.box.add("quiet/app", Outbox::clues("quiet", 1));
  outbox.send();
  CHECK(outbox.of("quiet") == 1);
  CHECK(outbox.sent.size() <= ClueOutbox::kRoom);
  CHECK(outbox.sent.size() > ClueOutbox::kRoom / 4);
  for (int i = 0; i < 500; ++i) REQUIRE(outbox.of(std::to_string(i)) >= 1);
  CHECK(outbox.counters.dropped.value() + static_cast<double>(outbox.sent.size()) == 50'001);

  // What was sent makes room for as many as before.
  outbox.box.add("a/app", Outbox::clues("a", 100));
  outbox.send();
  CHECK(outbox.of("a") == ClueOutbox::kOfOneLog);
}

TEST_CASE("more logs than there is room for are bounded, too, and what is refused waits") {
  Outbox outbox;
  for (int i = 0; i < 6000; ++i) outbox.box.add(std::to_string(i) + "/app", Outbox::clues(std::to_string(i), 1));
  CHECK_FALSE(outbox.box.send([](auto&&) { return false; }));
  outbox.send();
  CHECK(outbox.sent.size() == ClueOutbox::kRoom);
  CHECK(outbox.counters.dropped.value() == 6000 - ClueOutbox::kRoom);
  outbox.box.add("a/app", Outbox::clues("a", 1));
  outbox.box.clear();
  outbox.send();
  CHECK(outbox.sent.empty());
}

TEST_CASE("pods that are left out are shown") {
  metrics::Registry metrics;
  LeftOut left_out(metrics);
  left_out.set(17);
  CHECK(metrics.expose().find("\nremint_pod_log_left_out 17\n") != std::string::npos);
  left_out.set(0);
  CHECK(metrics.expose().find("\nremint_pod_log_left_out 0\n") != std::string::npos);
}

}  // namespace remint::sources
