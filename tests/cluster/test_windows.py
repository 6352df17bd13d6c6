"""Windows: planned restarts wait for one, visibly; what is broken waits for none, and neither does what breaks too soon."""

from datetime import timedelta

import pytest

from harness import holds_for, wait_until
from harness.expect import cured_by_one_restart
from harness.resources import kubectl, outcome, phase, restarts_of, short_spec, wait_finished, wait_phase
from harness.schedule import later, now, open_now, scheduled, time_of, window
from harness.simulator import WorkloadSimulator
from harness.tokens import EXTENDED, WARN_AFTER

pytestmark = pytest.mark.remint

ALL_AT_ITS_BEGINNING = {"cooldown": "30m", "maxConcurrent": 10, "maxWorkloadsPercent": 100, "spreadPercent": 0}


@pytest.fixture
def planned(scene):
    """A workload with a stale token under a policy: `planned(windows=[…])` returns the workload; its programs go with the test."""
    simulators = []

    def make(token=scene.cluster.minter.stale, name="web", **spec):
        scene.policies.put(scene.space.name, short_spec([scene.space.name], **spec))
        scene.policies.wait_condition(scene.space.name, "Ready", "True")
        web = scene.space.deployment(name, replicas=1)
        simulators.append(WorkloadSimulator(web, token).start())
        return web

    yield make
    for simulator in simulators:
        simulator.stop()


def test_a_stale_token_waits_for_the_window_and_kubectl_shows_until_when(scene, planned):
    opens = (now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    web = planned(windows=[later(2)])
    restart = scheduled(web)
    due = time_of(restart["status"]["notBefore"])
    # Spread over the first 80 % of its hour.
    assert opens <= due <= opens + timedelta(minutes=50), due
    head, row = kubectl(scene.cluster, "get", "wr", "-n", scene.space.name).splitlines()
    column = head.index("NOT-BEFORE")
    assert row[column:].split()[0] == restart["status"]["notBefore"], f"{head}\n{row}"
    assert "Scheduled" in row
    holds_for(lambda: web.revisions() == 1 and len(restarts_of(web)) == 1, 6, "it waits, and is planned once")


def test_a_dead_token_waits_for_no_window(scene, planned):
    cured_by_one_restart(planned(scene.cluster.minter.expired, windows=[later()]))


def test_a_token_that_breaks_before_urgentBefore_waits_for_no_window(scene, planned):
    def breaks_in_two_days(holder):
        return scene.cluster.minter.stale(holder, seconds=EXTENDED - WARN_AFTER - 48 * 3600)

    restart = cured_by_one_restart(planned(breaks_in_two_days, windows=[later()]))
    assert restart["spec"]["diagnosis"] == "StaleToken"
    scheduled(planned(breaks_in_two_days, name="patient", windows=[later()], urgentBefore="24h"))


def test_in_an_open_window_it_goes_at_its_own_place(planned):
    cured_by_one_restart(planned(windows=[open_now()], limits=ALL_AT_ITS_BEGINNING))


def test_when_the_window_opens_it_goes(planned):
    opens = (now() + timedelta(seconds=100)).replace(second=0, microsecond=0)
    web = planned(windows=[window(opens, opens + timedelta(hours=1))], limits=ALL_AT_ITS_BEGINNING)
    restart = scheduled(web)
    assert time_of(restart["status"]["notBefore"]) == opens
    (done,) = wait_finished(web, timeout=200)
    assert (done["metadata"]["uid"], outcome(done)) == (restart["metadata"]["uid"], "Cured"), done["status"]
    assert time_of(done["status"]["startedAt"]) >= opens


def test_a_policy_whose_windows_are_taken_away_lets_it_go_at_once(scene, planned):
    web = planned(windows=[later()])
    restart = scheduled(web)
    scene.policies.put(scene.space.name, short_spec([scene.space.name]))
    assert cured_by_one_restart(web)["metadata"]["uid"] == restart["metadata"]["uid"]


def test_what_was_planned_breaks_while_it_waits_and_waits_no_longer(scene):
    scene.policies.put(scene.space.name, short_spec([scene.space.name], windows=[later()]))
    scene.policies.wait_condition(scene.space.name, "Ready", "True")
    web = scene.space.deployment("web", replicas=1)
    with WorkloadSimulator(web, scene.cluster.minter.stale) as programs:
        scheduled(web)
        programs.replace_tokens(scene.cluster.minter.expired)
        wait_until(lambda: [r for r in restarts_of(web) if outcome(r) == "Cured"], 120, "it to be cured")
    assert len(web.restarts()) == 1


def test_its_place_is_the_same_after_the_operator_was_started_anew(scene, planned):
    web = planned(windows=[later()])
    before = scheduled(web)
    scene.operator.kill()
    second = scene.operators(scene.cluster)
    second.wait_leading()
    holds_for(lambda: web.revisions() == 1, 8, "it still waits")
    (after,) = restarts_of(web)
    assert phase(after) == "Scheduled"
    assert after["status"]["notBefore"] == before["status"]["notBefore"]


def test_on_a_blacked_out_day_no_window_is_open(planned):
    today, tomorrow = f"{now():%Y-%m-%d}", f"{now() + timedelta(days=1):%Y-%m-%d}"
    blackout = {"from": today, "to": tomorrow, "timeZone": "UTC", "reason": "year-end close"}
    web = planned(windows=[window(now() - timedelta(hours=1), now() - timedelta(hours=2))], blackouts=[blackout])
    restart = scheduled(web)
    assert f"{time_of(restart['status']['notBefore']):%Y-%m-%d}" > tomorrow, restart["status"]


def test_a_planned_restart_is_withdrawn_when_the_policy_only_observes(scene, planned):
    web = planned(windows=[later()])
    scheduled(web)
    scene.policies.put(scene.space.name, short_spec([scene.space.name], mode="Observe", windows=[later()]))
    wait_phase(web, "Cancelled")
    assert web.revisions() == 1
