"""A token that still works but was never re-read: restarted before it breaks."""

import datetime

import pytest

from harness import holds_for
from harness.expect import cured_by_one_restart, untouched, wait_decided
from harness.resources import restarts_of
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


def test_a_stateful_set_with_a_stale_token_is_restarted_once(scene):
    db = scene.space.stateful_set("db", replicas=2)
    with WorkloadSimulator(db, scene.cluster.minter.stale) as programs:
        restart = cured_by_one_restart(db)
        assert programs.answers(first=True).get(401, 0) == 0, "it was never refused"
        assert restart["spec"]["diagnosis"] == "StaleToken"
        assert set(restart["spec"]["pods"]) <= {"db-0", "db-1"}


def test_a_token_that_is_stale_for_less_than_the_policy_says_is_left_alone(scene):
    db = scene.space.stateful_set("db", replicas=1)

    def a_little_stale(holder):
        return scene.cluster.minter.stale(holder, seconds=600)

    with WorkloadSimulator(db, a_little_stale) as programs:
        programs.wait_answered(200, count=5)
        holds_for(lambda: not restarts_of(db), 8, f"{db} is left alone")
        untouched(db)


def test_the_day_it_breaks_is_shown_in_the_policy(scene):
    scene.policies.put(scene.space.name, _observing(scene))
    db = scene.space.stateful_set("db", replicas=1)
    with WorkloadSimulator(db, scene.cluster.minter.stale):
        wait_decided(scene.operator, "Observe")
        entry = scene.policies.wait_at_risk(scene.space.name, "db")
    untouched(db)
    # Stale for a day: issued a day and 3607 s ago, for 365 days.
    expected = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=364, seconds=-3607)
    breaks_at = datetime.datetime.fromisoformat(entry["breaksAt"])
    assert abs(breaks_at - expected) < datetime.timedelta(minutes=5)
    assert entry["diagnosis"] == "StaleToken"
    assert entry["decision"] == "Observe"


def _observing(scene):
    return scene.policies.get(scene.space.name)["spec"] | {"mode": "Observe"}
