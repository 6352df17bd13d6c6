#include "remint/restart/prune.hpp"

#include "fixture.hpp"

namespace remint::restart {
namespace {

const Time kNow = at("2026-07-01T10:28:00Z");

std::shared_ptr<const Journal> finished(const std::string& name, Duration ago, const std::string& uid = "uid-cart") {
  auto journal = std::make_shared<Journal>(pending_journal());
  journal->key.name = name;
  journal->spec.target.uid = uid;
  journal->status.phase = Phase::kSucceeded;
  journal->status.finished = kNow - ago;
  return journal;
}

std::vector<std::string> names(const std::vector<std::shared_ptr<const Journal>>& journals) {
  std::vector<std::string> result;
  for (const auto& journal : journals) {
    result.push_back(journal->key.name);
  }
  return result;
}

TEST_CASE("of each workload the newest restarts stay, and all that the limits may still look at") {
  const PruneRules rules{.keep_per_workload = 2, .keep_for = hours(24), .forget_after = hours(24 * 90)};
  const std::vector journals{finished("a-oldest", hours(80)), finished("b-old", hours(50)), finished("c", hours(30)),
                             finished("d-young", hours(23)), finished("e-young", hours(1))};
  CHECK(names(to_prune(journals, rules, kNow)) == std::vector<std::string>{"a-oldest", "b-old", "c"});
}

TEST_CASE("a workload that was made anew under its name is the same workload") {
  const PruneRules rules{.keep_per_workload = 1, .keep_for = hours(24), .forget_after = hours(24 * 90)};
  const std::vector journals{finished("before", hours(50), "uid-1"), finished("after", hours(40), "uid-2")};
  CHECK(names(to_prune(journals, rules, kNow)) == std::vector<std::string>{"before"});
}

TEST_CASE("what is not finished, holds its finalizer or is being deleted already is never pruned") {
  const PruneRules rules{.keep_per_workload = 0, .keep_for = hours(1), .forget_after = hours(2)};
  auto running = std::make_shared<Journal>(*finished("running", hours(9)));
  running->status.phase = Phase::kRunning;
  auto held = std::make_shared<Journal>(*finished("held", hours(9)));
  held->held = true;
  auto deleting = std::make_shared<Journal>(*finished("deleting", hours(9)));
  deleting->deleting = true;
  const std::vector<std::shared_ptr<const Journal>> journals{running, held, deleting};
  CHECK(to_prune(journals, rules, kNow).empty());
}

TEST_CASE("what is older than anybody looks back goes, though it is the newest") {
  const std::vector journals{finished("ancient", hours(24 * 91))};
  CHECK(names(to_prune(journals, {}, kNow)) == std::vector<std::string>{"ancient"});
}

}  // namespace
}  // namespace remint::restart
