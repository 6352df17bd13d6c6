// ScaleToZero: each step, and everything that it may find.

#include <functional>

#include "scale_fixture.hpp"

namespace remint::restart::scaling {
namespace {

struct Way {
  const char* what;
  const char* step;
  Observation seen;
  Duration after;
  const char* next;  ///< the step, or the reason of the end
  std::optional<std::int64_t> size;
};

Observation with(Observation observation, const std::function<void(Observation&)>& change) {
  change(observation);
  return observation;
}

void check_way(const Way& way, const Step& step) {
  INFO(way.what << ": " << step.status.message);
  if (is_final(step.status.phase)) {
    CHECK(progressing_reason(step.status) == way.next);
    CHECK(std::holds_alternative<ReleaseJournal>(step.effects.back().act));
  } else {
    CHECK(step.status.step == way.next);
  }
  CHECK(size_of(step) == way.size);
}

TEST_CASE("each step of ScaleToZero goes on by what it finds") {
  const auto still = [](Observation& o) { o.pods = {ending("old-0")}; };
  const std::vector<Way> ways{
      {"not scaled yet: again", "ScaleDown", sized(3), seconds(9), "ScaleDown", 0},
      {"scaled, whoever heard the answer", "ScaleDown", sized(0), seconds(9), "WaitGone", {}},
      {"somebody was faster", "ScaleDown", sized(5), seconds(9), "SizeChanged", {}},
      {"scaled, and set back by somebody before anybody looked",
       "ScaleDown",
       with(sized(3), [](Observation& o) { o.target->generation = 9; }),
       seconds(9),
       "WaitReady",
       {}},
      {"edited by somebody", "ScaleDown", with(sized(3), [](Observation& o) { o.target->generation = 8; }), seconds(9),
       "ScaleDown", 0},
      {"paused just now",
       "ScaleDown",
       with(sized(3), [](Observation& o) { o.target->paused = true; }),
       seconds(9),
       "RolloutPaused",
       {}},
      {"never taken", "ScaleDown", sized(3), minutes(16), "ScaleRefused", {}},
      {"gone before", "ScaleDown", see_nothing(), seconds(9), "TargetGone", {}},
      {"pods are ending",
       "WaitGone",
       with(with(sized(0), still), [](Observation& o) { o.target->current = 0; }),
       seconds(9),
       "WaitGone",
       {}},
      {"its status still counts some", "WaitGone", sized(0), seconds(9), "WaitGone", {}},
      {"all gone", "WaitGone", with(sized(0), [](Observation& o) { o.target->current = 0; }), seconds(9), "ScaleUp", 3},
      {"finished pods are nobody's replicas", "WaitGone",
       with(sized(0),
            [](Observation& o) {
              o.target->current = 0;
              o.pods = {pod("old-0", hours(1), false)};
              o.pods->front().finished = true;
            }),
       seconds(9), "ScaleUp", 3},
      {"they do not go", "WaitGone", with(sized(0), still), minutes(16), "ScaleUp", 3},
      {"somebody scaled it", "WaitGone", sized(5), seconds(9), "WaitReady", {}},
      {"somebody set the same size", "WaitGone", sized(3), seconds(9), "WaitReady", {}},
      {"gone", "WaitGone", see_nothing(), seconds(9), "TargetGone", {}},
      {"another one",
       "WaitGone",
       with(sized(3), [](Observation& o) { o.target->uid = "uid-2"; }),
       seconds(9),
       "TargetReplaced",
       {}},
      {"not up yet: again", "ScaleUp", sized(0), seconds(9), "ScaleUp", 3},
      {"not up for days: again", "ScaleUp", sized(0), hours(72), "ScaleUp", 3},
      {"up", "ScaleUp", sized(3), seconds(9), "WaitReady", {}},
      {"somebody set another size", "ScaleUp", sized(7), seconds(9), "WaitReady", {}},
      {"gone", "ScaleUp", see_nothing(), seconds(9), "TargetGone", {}},
      {"being deleted",
       "ScaleUp",
       with(sized(0), [](Observation& o) { o.target->deleting = true; }),
       seconds(9),
       "TargetDeleting",
       {}},
      {"too few are Ready",
       "WaitReady",
       with(sized(3), [](Observation& o) { o.pods = new_pods(2); }),
       seconds(9),
       "WaitReady",
       {}},
      {"all are Ready",
       "WaitReady",
       with(sized(3), [](Observation& o) { o.pods = new_pods(3); }),
       seconds(9),
       "Verify",
       {}},
      {"all are Ready, an old one ends",
       "WaitReady",
       with(sized(3),
            [](Observation& o) {
              o.pods = new_pods(3);
              o.pods->push_back(ending("old-0"));
            }),
       seconds(9),
       "WaitReady",
       {}},
      {"all are Ready, an old one does not end",
       "WaitReady",
       with(sized(3),
            [](Observation& o) {
              o.pods = new_pods(3);
              o.pods->push_back(ending("old-0"));
            }),
       minutes(16),
       "PodsNotGone",
       {}},
      {"scaled back too early: an old one was spared",
       "WaitReady",
       with(sized(3),
            [](Observation& o) {
              o.pods = new_pods(2);
              o.pods->push_back(pod("cart-0", hours(1)));
            }),
       seconds(9),
       "Reverted",
       {}},
      {"their size counts",
       "WaitReady",
       with(sized(1), [](Observation& o) { o.pods = new_pods(1); }),
       seconds(9),
       "Verify",
       {}},
      {"not Ready in time",
       "WaitReady",
       with(sized(3), [](Observation& o) { o.pods = new_pods(2); }),
       minutes(16),
       "PodsNotReady",
       {}},
      {"somebody scaled it to 0", "WaitReady", sized(0), seconds(9), "ScaledToZero", {}},
      {"gone", "WaitReady", see_nothing(), seconds(9), "TargetGone", {}},
  };
  for (const Way& way : ways) {
    check_way(way, step(in(way.step), way.seen, {}, kNow + way.after));
  }
}

TEST_CASE("a WorkloadRestart that is being deleted brings the workload back first") {
  const std::vector<Way> ways{
      {"not touched yet", "ScaleDown", sized(3), seconds(9), "JournalDeleting", {}},
      {"scaled down just now", "ScaleDown", sized(0), seconds(9), "ScaleUp", 3},
      {"pods are ending", "WaitGone", with(sized(0), [](Observation& o) { o.pods = {ending("old-0")}; }), seconds(9),
       "ScaleUp", 3},
      {"on the way up", "ScaleUp", sized(0), seconds(9), "ScaleUp", 3},
      {"up", "ScaleUp", sized(3), seconds(9), "JournalDeleting", {}},
      {"somebody else's size", "ScaleUp", sized(2), seconds(9), "JournalDeleting", {}},
      {"becoming Ready", "WaitReady", sized(3), seconds(9), "JournalDeleting", {}},
      {"gone", "ScaleUp", see_nothing(), seconds(9), "TargetGone", {}},
      {"its namespace goes, too",
       "ScaleUp",
       with(sized(0), [](Observation& o) { o.namespace_deleting = true; }),
       seconds(9),
       "NamespaceDeleting",
       {}},
  };
  for (const Way& way : ways) {
    Journal journal = in(way.step);
    journal.deleting = true;
    check_way(way, step(journal, way.seen, {}, kNow + way.after));
  }
}

}  // namespace
}  // namespace remint::restart::scaling
