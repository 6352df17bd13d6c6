"""The policies of deploy/policies.md, as they stand there, do what the page says of them."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml

from harness import holds_for, wait_until
from harness.chorus import Chorus
from harness.expect import OBSERVE_ONLY, cured_by_one_restart, wait_explained
from harness.folders import DEPLOY, REPOSITORY
from harness.resources import GROUP, RESTART, VERSION, apply, approval, condition_of, kubectl, read_policy, restarts_of, wait_phase
from harness.schedule import now, scheduled, time_of
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint

PAGE = DEPLOY / "policies.md"
EXAMPLES = {
    document["metadata"]["name"]: document
    for document in map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S))
}
SWITCH = re.compile(r"^kubectl annotate lease remint -n remint-system .*$", re.M)


@pytest.fixture
def put(remint_cluster, policies, operators):
    """Applies examples by name, with an operator at work."""
    operator = operators(remint_cluster)
    operator.wait_leading()

    def apply_all(*names):
        for name in names:
            document = EXAMPLES[name]
            if document["kind"] == "ClusterTokenRefreshPolicy":
                policies.put(name, document["spec"])
                policies.wait_condition(name, "Ready", "True")
            else:
                apply(remint_cluster, [document])
        return policies

    return apply_all


def broken(space, token=None, name="web"):
    return WorkloadSimulator(space.deployment(name, replicas=1), token or space.cluster.minter.expired)


def test_every_example_of_the_page_has_its_story():
    stories = set(re.findall(r"^def test_example_(\w+?)_", (REPOSITORY / "tests/cluster/test_policies_page.py").read_text(), re.M))
    assert stories == set(EXAMPLES)


def test_example_watch_says_what_it_would_have_done(put, space):
    policies = put("watch")
    with broken(space) as programs:
        wait_explained(programs.workload, OBSERVE_ONLY, timeout=120)
        # What other stories of this cluster broke today may be counted before it.
        mine = f"Deployment {space.name}/web"
        would = lambda: policies.get("watch")["status"].get("wouldRestart", {})
        wait_until(lambda: mine in would().get("workloads", []), 60, f"{mine} to be counted")
        assert would()["count"] >= 1
    assert not restarts_of(programs.workload)


def test_example_ask_waits_for_eight_hours_at_most(put, space):
    put("ask")
    with broken(space) as programs:
        restart = wait_phase(programs.workload, "AwaitingApproval", timeout=120)
    left = time_of(approval(restart)["expiresAt"]) - now()
    assert timedelta(hours=7, minutes=50) < left <= timedelta(hours=8)
    assert programs.workload.revisions() == 1


def test_example_nights_plans_at_night_and_cures_what_is_broken_at_once(put, space):
    put("nights")
    with broken(space) as dead, broken(space, space.cluster.minter.stale, "planned") as stale:
        cured_by_one_restart(dead.workload, timeout=150)
        wait_until(lambda: restarts_of(stale.workload), 60, "the stale one to be planned")
        (restart,) = restarts_of(stale.workload)
        if _is_night(now()):
            return  # it may have gone by now
        assert _is_night(time_of(scheduled(stale.workload)["status"]["notBefore"])), restart["status"]


def _is_night(when):
    """As the example's comment says it: reckoned here by hand."""
    local = when.astimezone(ZoneInfo("Europe/Berlin"))
    if local.date().isoformat()[5:] in ("12-24", "12-25", "12-26", "12-27") and local.year == 2026:
        return False
    day, clock = local.strftime("%a"), local.strftime("%H:%M")
    in_the_week = day in ("Mon", "Tue", "Wed", "Thu") and "02:00" <= clock < "05:00"
    return in_the_week or (day == "Fri" and clock >= "22:00") or (day == "Sat" and clock < "04:00")


@pytest.fixture
def shop(remint_cluster):
    """The namespace that the page speaks of."""
    space = Space(remint_cluster, "shop")
    yield space
    space.delete()
    wait_until(lambda: "shop" not in kubectl(remint_cluster, "get", "namespaces", "-o", "name"), 90, "shop to be gone")


def test_example_team_is_held_within_the_clusters_policy_and_keeps_what_is_stricter(put, shop):
    put("watch", "team")
    ours = lambda: read_policy(shop, "team").get("status", {})  # noqa: E731
    wait_until(lambda: [row for row in ours().get("narrowed", []) if row["field"] == "mode"], 40, "its mode to be narrowed")
    assert condition_of(read_policy(shop, "team"), "Narrowed")["status"] == "True"
    assert "limits.cooldown" not in [row["field"] for row in ours()["narrowed"]], "two hours are stricter"
    with broken(shop) as programs:
        wait_explained(programs.workload, OBSERVE_ONLY, timeout=120)
    assert not restarts_of(programs.workload)


def test_example_frozen_does_nothing_and_says_so(put, space):
    policies = put("frozen")
    policies.wait_condition("frozen", "Suspended", "True")
    with broken(space) as programs:
        wait_explained(programs.workload, r"suspend", timeout=120)
        holds_for(lambda: not restarts_of(programs.workload), 5, "nothing is begun")


def test_example_paced_goes_on_one_at_a_time(put, space):
    """21 of 21 break; what was begun before the brake was on is none of the pace's."""
    space.core.create_namespaced_service_account(space.name, {"metadata": {"name": "crowd"}})
    for number in range(21):
        space.deployment(f"web-{number}", replicas=1, account="crowd")
    wait_until(lambda: _running(space) == 21, 120, "21 running pods")
    policies, programs = put("paced"), Chorus(space, "crowd", interval=1)
    try:
        programs.sing()
        condition = policies.wait_condition("paced", "StormBrake", "True", timeout=150)
        since = datetime.fromisoformat(condition["lastTransitionTime"])

        def two_paced():
            items = space.cluster.custom().list_namespaced_custom_object(GROUP, VERSION, space.name, RESTART)["items"]
            begun = sorted(time_of(item["metadata"]["creationTimestamp"]) for item in items)
            return [when for when in begun if when > since][1:] and begun

        begun = [when for when in wait_until(two_paced, 300, "two restarts at a measured pace", interval=1) if when > since]
        assert begun[1] - begun[0] >= timedelta(seconds=119), begun
    finally:
        programs.stop()


def _running(space):
    return len(space.core.list_namespaced_pod(space.name, field_selector="status.phase=Running").items)


@pytest.mark.parametrize("page", ["README.md", "deploy/policies.md"])
def test_the_emergency_stop_is_near_the_top_of_the_page_and_works_as_it_stands_there(put, space, page, policies):
    text = (REPOSITORY / page).read_text()
    on = SWITCH.search(text)
    assert on and text[: on.start()].count("\n") < 25, "near the top"
    _, off = (match.split("#")[0] for match in SWITCH.findall(text)[:2])
    put("watch")
    kubectl(space.cluster, *_words(on[0]))
    policies.wait_condition("watch", "Suspended", "True")
    kubectl(space.cluster, *_words(off))
    policies.wait_condition("watch", "Suspended", "False")


def _words(line):
    return [word.strip('"') for word in re.sub(r'="([^"]*)"', r"=\1", line.split("#")[0]).split()[1:]]
