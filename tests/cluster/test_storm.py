"""The storm brake: when many break at once nothing more is begun until a person says so, or only at a measured pace."""

from types import SimpleNamespace

import pytest

from harness import holds_for, wait_until
from harness.commands import Commands, succeeded
from harness.resources import (
    FINAL_PHASES,
    GROUP,
    RESTART,
    VERSION,
    apply,
    condition_of,
    namespaced_policy,
    outcome,
    phase,
    read_policy,
    short_spec,
)
from harness.schedule import time_of
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

BREAK, WORKLOADS = 6, 8  # so many of so many
BRAKE = {"percent": 25, "minWorkloads": 4, "within": "10m", "then": "Ask"}
BRAKES = "remint_storm_brakes"


class Fleet:
    """Workloads of one namespace with good tokens, six of which break in one moment."""

    def __init__(self, scene):
        self.scene = scene
        self.workloads = [scene.space.deployment(f"web-{n}", replicas=1) for n in range(WORKLOADS)]
        minter = scene.cluster.minter
        self.programs = [WorkloadSimulator(web, minter.valid).start() for web in self.workloads[:BREAK]]
        for program in self.programs:
            program.wait_answered(200, 1)

    def breaks(self, count=BREAK):
        for program in self.programs[:count]:
            program.replace_tokens(self.scene.cluster.minter.expired)

    def restarts(self):
        space = self.scene.space
        return self.scene.cluster.custom().list_namespaced_custom_object(GROUP, VERSION, space.name, RESTART)["items"]

    def rolled_out(self):
        return sum(web.revisions() > 1 for web in self.workloads)

    def wait_all_cured(self, timeout=150):
        def cured():
            outcomes = {r["spec"]["target"]["name"]: outcome(r) for r in self.restarts() if outcome(r)}
            return sorted(name for name, what in outcomes.items() if what == "Cured") == [f"web-{n}" for n in range(BREAK)]

        wait_until(cured, timeout, f"all {BREAK} to be cured; now {[(r['spec']['target']['name'], phase(r)) for r in self.restarts()]}")
        assert all(web.revisions() <= 2 for web in self.workloads), "each of them once"

    def stop(self):
        for program in self.programs:
            program.stop()


@pytest.fixture
def fleet(remint_cluster, space, policies, operators):
    """The workloads are there before the operator is: it counts them now and then only."""
    scene = SimpleNamespace(cluster=remint_cluster, space=space, policies=policies, operators=operators)
    policies.put(space.name, braking(scene))
    fleet = Fleet(scene)
    scene.operator = operators(remint_cluster)
    scene.operator.wait_leading()
    policies.wait_condition(space.name, "Ready", "True")
    yield fleet
    fleet.stop()


def braking(scene, **storm):
    spec = short_spec([scene.space.name], storm=BRAKE | storm)
    spec["signals"]["rejectedToken"] = {"enabled": True, "count": 3, "within": "30s", "for": "5s"}
    return spec


def braked(fleet):
    """Waits for the brake, and until what was begun before it has ended; how many that are."""
    scene = fleet.scene
    fleet.breaks()
    condition = scene.policies.wait_condition(scene.space.name, "StormBrake", "True", timeout=60)
    wait_until(lambda: all(phase(r) in FINAL_PHASES for r in fleet.restarts()), 60, "what was begun before to end")
    begun = len(fleet.restarts())
    assert begun < BRAKE["minWorkloads"], f"{begun} were begun before the brake was on"
    assert condition["message"]
    return begun


def events_about_policy(scene, kind, name):
    events = scene.cluster.custom().list_cluster_custom_object("events.k8s.io", "v1", "events")["items"]
    return [e for e in events if (e.get("regarding", {}).get("kind"), e["regarding"].get("name")) == (kind, name)]


def test_when_many_break_nothing_more_is_begun_until_a_person_says_so(fleet):
    scene, policy = fleet.scene, fleet.scene.space.name
    begun = braked(fleet)
    holds_for(lambda: len(fleet.restarts()) == begun, 8, "nothing more is begun", interval=0.5)
    assert fleet.rolled_out() == begun

    # Everybody can see it.
    storm = scene.policies.get(policy)["status"]["storm"]
    assert storm["broken"] >= BRAKE["minWorkloads"] and storm["workloads"] >= WORKLOADS and storm["since"], storm
    assert scene.operator.metrics().sum(BRAKES) == 1
    told = wait_until(lambda: events_about_policy(scene, "ClusterTokenRefreshPolicy", policy), 30, "an Event on the policy")
    assert any("storm" in (e.get("note", "") + e.get("reason", "")).lower() for e in told), told

    said = succeeded(Commands(scene.cluster)("resume", policy))
    assert policy in said, said
    fleet.wait_all_cured()
    annotations = scene.policies.get(policy)["metadata"]["annotations"]
    assert annotations["remint.dev/resumed-by"] == "harness-admin"
    assert time_of(annotations["remint.dev/resumed-at"])
    scene.policies.wait_condition(policy, "StormBrake", "False")
    assert "storm" not in scene.policies.get(policy)["status"]
    wait_until(lambda: scene.operator.metrics().sum(BRAKES) == 0, 20, "no brake to be counted")


def test_a_few_that_break_are_no_storm(fleet):
    fleet.breaks(BRAKE["minWorkloads"] - 1)
    wait_until(lambda: sum(outcome(r) == "Cured" for r in fleet.restarts()) == BRAKE["minWorkloads"] - 1, 120, "them to be cured")
    assert (fleet.scene.policies.condition(fleet.scene.space.name, "StormBrake") or {}).get("status") != "True"


def test_the_brake_stays_on_when_the_operator_is_started_anew(fleet):
    scene = fleet.scene
    begun = braked(fleet)
    since = scene.policies.get(scene.space.name)["status"]["storm"]["since"]
    scene.operator.kill()
    second = scene.operators(scene.cluster)
    second.wait_leading()
    for program in fleet.programs:
        program.wait_answered(401, 5)
    holds_for(lambda: len(fleet.restarts()) == begun, 10, "nothing is begun by the new one", interval=0.5)
    wait_until(lambda: second.metrics().sum(BRAKES) == 1, 20, "the new one to count it")
    assert scene.policies.get(scene.space.name)["status"]["storm"]["since"] == since
    succeeded(Commands(scene.cluster)("resume", scene.space.name))
    fleet.wait_all_cured()


def test_where_the_policy_says_so_it_goes_on_one_at_a_time_at_a_measured_pace(fleet):
    scene = fleet.scene
    scene.policies.put(scene.space.name, braking(scene, then="Pace", pace="5s"))
    scene.policies.wait_condition(scene.space.name, "Ready", "True")
    fleet.breaks()
    scene.policies.wait_condition(scene.space.name, "StormBrake", "True", timeout=60)
    since = time_of(scene.policies.get(scene.space.name)["status"]["storm"]["since"])
    fleet.wait_all_cured(240)
    restarts = fleet.restarts()
    paced = sorted(
        (time_of(r["status"]["startedAt"]), time_of(r["status"]["finishedAt"]))
        for r in restarts if time_of(r["metadata"]["creationTimestamp"]) > since
    )  # fmt: skip
    assert len(paced) >= 2, restarts
    for earlier, following in zip(paced, paced[1:], strict=False):
        assert earlier[1] <= following[0], f"two at once: {earlier}, {following}"
        # Times are whole seconds.
        assert (following[0] - earlier[0]).total_seconds() >= 4, f"too soon: {earlier}, {following}"


def test_a_namespaces_policy_has_a_brake_of_its_own_and_is_resumed_by_name_and_namespace(fleet):
    scene = fleet.scene
    scene.policies.put(scene.space.name, short_spec([scene.space.name]))
    apply(scene.cluster, [namespaced_policy(scene.space, "ours", braking(scene))])
    ours = lambda: read_policy(scene.space, "ours")  # noqa: E731
    wait_until(lambda: condition_of(ours(), "Ready").get("status") == "True", 30, "ours to be in force")
    scene.policies.wait_condition(scene.space.name, "Ready", "True")
    fleet.breaks()
    wait_until(lambda: condition_of(ours(), "StormBrake").get("status") == "True", 60, "the brake to be on")
    wait_until(lambda: all(phase(r) in FINAL_PHASES for r in fleet.restarts()), 60, "what was begun before to end")
    begun = len(fleet.restarts())
    holds_for(lambda: len(fleet.restarts()) == begun, 6, "nothing more is begun", interval=0.5)
    succeeded(Commands(scene.cluster, scene.space.name)("resume", "ours"))
    fleet.wait_all_cured()
