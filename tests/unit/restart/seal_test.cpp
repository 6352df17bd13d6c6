#include "remint/restart/seal.hpp"

#include <functional>

#include "recreate_fixture.hpp"

namespace remint::restart {
namespace {

constexpr std::string_view kKey = "key of the test";

Journal sealed_journal() {
  Journal journal = recreate_journal();
  journal.status.phase = Phase::kRunning;
  journal.status.step = "CreatePod";
  journal.status.saved.uid = "uid-cart";
  journal.status.saved.manifest = "{}";
  journal.status.saved.pods = {{"a", "1"}, {"b", "2"}};
  journal.status.seal = seal(journal, journal.status, kKey);
  return journal;
}

TEST_CASE("what Remint sealed is accepted, with the same key only") {
  CHECK(sealed(sealed_journal(), kKey));
  CHECK(sealed_journal().status.seal.size() == 64);
  CHECK_FALSE(sealed(sealed_journal(), "another key"));
}

TEST_CASE("while a key is replaced, what the old one sealed is accepted; without the old one it is not") {
  const std::vector<std::string> both{"the new key", std::string(kKey)};
  CHECK(sealed(sealed_journal(), both));
  CHECK_FALSE(sealed(sealed_journal(), std::span(both).first(1)));
  CHECK_FALSE(sealed(sealed_journal(), std::span(both).first(0)));
  Journal pending = recreate_journal();
  CHECK(sealed(pending, std::span(both).first(0)));
}

TEST_CASE("a key file holds one key per line, in order") {
  const std::string a(64, 'a');
  const std::string b(32, 'b');
  CHECK(parse_journal_keys(a).value() == std::vector{a});
  CHECK(parse_journal_keys(a + "\n").value() == std::vector{a});
  CHECK(parse_journal_keys("\n " + b + "\t\r\n\n" + a + "\n \n").value() == std::vector{b, a});
}

TEST_CASE("a key file that cannot be used is refused by its line, without a word of it") {
  const std::string good(32, 'a');
  struct Bad {
    std::string text;
    const char* why;
  };
  std::string many;
  for (char letter = 'a'; letter <= 'q'; ++letter) {
    many += std::string(32, letter) + "\n";
  }
  for (const Bad& bad : {Bad{"", "no key"}, Bad{" \n\n", "no key"}, Bad{good + "\nsecret\n", "line 2"},
                         Bad{good + "\n\n" + good, "line 3"}, Bad{many, "more than 16"}}) {
    const auto keys = parse_journal_keys(bad.text);
    REQUIRE_FALSE(keys);
    CHECK_THAT(keys.error().message, Catch::Contains(bad.why) && !Catch::Contains("secret"));
  }
}

TEST_CASE("every change of what decides breaks the seal") {
  const std::vector<std::function<void(Journal&)>> changes{
      [](Journal& j) { j.uid = "uid-other"; },
      [](Journal& j) { j.spec.target.kind = "Deployment"; },
      [](Journal& j) { j.spec.target.ns = "kube-system"; },
      [](Journal& j) { j.spec.target.name = "other"; },
      [](Journal& j) { j.spec.target.uid = "uid-other"; },
      [](Journal& j) { j.spec.strategy = Strategy::kEvictPods; },
      [](Journal& j) { j.spec.options.keep_node = true; },
      [](Journal& j) { j.status.phase = Phase::kVerifying; },
      [](Journal& j) { j.status.step = "DeletePod"; },
      [](Journal& j) { j.status.successor_uid = "x"; },
      [](Journal& j) { j.status.saved.uid = "x"; },
      [](Journal& j) { j.status.saved.restarted_at = "x"; },
      [](Journal& j) { j.status.saved.previous_restarted_at = "x"; },
      [](Journal& j) { j.status.saved.generation_before = 1; },
      [](Journal& j) { j.status.saved.replicas = 0; },
      [](Journal& j) { j.status.saved.pods.pop_back(); },
      [](Journal& j) { j.status.saved.pods[0] = {"a1", ""}; },
      [](Journal& j) { j.status.saved.manifest = "{ }"; },
      [](Journal& j) { j.status.saved.successor = "x"; },
      [](Journal& j) { j.status.seal.clear(); },
      [](Journal& j) { j.status.seal[63] ^= 1; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Journal journal = sealed_journal();
    changes[i](journal);
    CHECK_FALSE(sealed(journal, kKey));
  }
}

TEST_CASE("a text moved from one field to its neighbour breaks the seal") {
  Journal journal = sealed_journal();
  journal.status.saved.restarted_at = "12";
  journal.status.saved.previous_restarted_at = "3";
  journal.status.seal = seal(journal, journal.status, kKey);
  journal.status.saved.restarted_at = "1";
  journal.status.saved.previous_restarted_at = "23";
  CHECK_FALSE(sealed(journal, kKey));
}

TEST_CASE("times and words may change under the seal") {
  Journal journal = sealed_journal();
  journal.status.message = "still trying";
  journal.status.step_since = journal.created;
  journal.status.conditions.push_back({"Blocked", true, "CreateRefused", "quota", journal.created});
  CHECK(sealed(journal, kKey));
}

TEST_CASE("what is not begun or over needs no seal") {
  Journal journal = recreate_journal();
  for (const Phase phase : {Phase::kPending, Phase::kSucceeded, Phase::kFailed, Phase::kCancelled}) {
    journal.status.phase = phase;
    CHECK(seal(journal, journal.status, kKey).empty());
    CHECK(sealed(journal, kKey));
  }
}

TEST_CASE("an empty key seals nothing") {
  Journal journal = sealed_journal();
  journal.status.seal = seal(journal, journal.status, "");
  CHECK_FALSE(sealed(journal, ""));
}

TEST_CASE("the seal survives the way through the API server") {
  Journal journal = recreate_journal();
  journal.held = true;
  JournalStatus next = step(journal, see(running_pod()), {}, at("2026-07-01T10:28:00Z")).status;
  next.seal = seal(journal, next, kKey);
  Json object = to_object(journal);
  object["metadata"]["uid"] = journal.uid;
  object["status"] = status_patch(next)["status"];
  const auto stored = parse_journal(Json::parse(dump_json(object)));
  REQUIRE(stored);
  CHECK(stored->status.phase == Phase::kRunning);
  CHECK(sealed(*stored, kKey));
}

}  // namespace
}  // namespace remint::restart
