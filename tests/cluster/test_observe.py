"""Mode Observe, the default: everything is reported and nothing is done."""

import pytest

from harness import holds_for
from harness.expect import OBSERVE_ONLY, cured_by_one_restart, untouched, wait_decided, wait_explained
from harness.resources import restarts_of
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


@pytest.mark.parametrize("spelled_out", [True, False], ids=["Observe", "the default mode"])
def test_nothing_is_done_but_everything_is_said(scene, spelled_out):
    spec = scene.policies.get(scene.space.name)["spec"] | {"mode": "Observe"}
    if not spelled_out:
        del spec["mode"]
    scene.policies.put(scene.space.name, spec)
    scene.policies.wait_observed(scene.space.name)
    web = scene.space.deployment("web")
    with WorkloadSimulator(web, scene.cluster.minter.expired):
        wait_explained(web, OBSERVE_ONLY)
        wait_decided(scene.operator, "Observe")
        entry = scene.policies.wait_at_risk(scene.space.name, "web")
        assert (entry["kind"], entry["namespace"]) == ("Deployment", scene.space.name)
        assert entry["decision"] == "Observe"
        holds_for(lambda: not restarts_of(web), 8, f"{web} is left alone")
        untouched(web)

        # The same case, once it may: the policy's change alone sets it going.
        scene.policies.put(scene.space.name, spec | {"mode": "Enforce"})
        cured_by_one_restart(web)


def test_without_any_policy_nothing_is_done(remint_cluster, space, operators):
    operator = operators(remint_cluster)
    operator.wait_leading()
    web = space.deployment("web")
    with WorkloadSimulator(web, remint_cluster.minter.expired) as programs:
        programs.wait_answered(401, count=10)
        holds_for(lambda: not restarts_of(web), 8, f"{web} is left alone")
    untouched(web)
