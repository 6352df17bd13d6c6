"""A bad policy: every mistake is reported at once, nothing crashes, and the last good one stays in force."""

import pytest
import yaml
from kubernetes.client.exceptions import ApiException

from harness import resources
from harness.expect import cured_by_one_restart, untouched
from harness.folders import DEPLOY
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint

MISTAKES = {
    "spec.mode": {"mode": "Sometimes"},
    "spec.priority": {"priority": "high"},
    "spec.signals.rejectedToken.count": {"signals": {"rejectedToken": {"count": 0}}},
    "spec.signals.rejectedToken.within": {"signals": {"rejectedToken": {"within": "2 minutes"}}},
    "spec.signals.staleToken.after": {"signals": {"staleToken": {"after": "-1h"}}},
    "spec.limits.cooldown": {"limits": {"cooldown": "forever"}},
    "spec.limits.maxPerHour": {"limits": {"maxPerHour": -1}},
    "spec.verification.observe": {"verification": {"observe": "0s"}},
    "spec.match.kinds": {"match": {"kinds": ["Job"]}},
}


def _all_mistakes():
    """One spec with all of them: sections are merged, two levels deep."""
    spec = {}
    for mistake in MISTAKES.values():
        for section, value in mistake.items():
            if not isinstance(value, dict):
                spec[section] = value
                continue
            for key, inner in value.items():
                target = spec.setdefault(section, {})
                if isinstance(inner, dict):
                    target.setdefault(key, {}).update(inner)
                else:
                    target[key] = inner
    return spec


@pytest.mark.parametrize("field", MISTAKES)
def test_the_api_server_refuses_it_and_names_the_field(remint_cluster, field):
    body = resources.cluster_policy("bad", MISTAKES[field])
    with pytest.raises(ApiException) as refused:
        remint_cluster.custom().create_cluster_custom_object(
            resources.GROUP, resources.VERSION, resources.CLUSTER_POLICY, body
        )
    assert refused.value.status == 422
    assert field in refused.value.body


def _without_schema(cluster):
    """The policy CRD as somebody might have it who edited it: it accepts anything."""
    path = next((DEPLOY / "crds").glob("clustertokenrefreshpolicies*"))
    crd = yaml.safe_load(path.read_text())
    for version in crd["spec"]["versions"]:
        loose = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {"spec": loose, "status": loose}}
    resources.kubectl(cluster, "replace", "-f", "-", stdin=yaml.safe_dump(crd))


def test_what_slips_through_is_reported_whole_and_the_last_good_one_stays_in_force(
    private_remint_cluster, operators
):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    policies = resources.Policies(cluster)
    _without_schema(cluster)
    operator = operators(cluster)
    operator.wait_leading()

    policies.put("test", resources.short_spec([space.name]))
    policies.wait_condition("test", "Ready", "True")
    policies.put("test", _all_mistakes() | {"limitz": {"cooldown": "1s"}})
    condition = policies.wait_condition("test", "Ready", "False")
    assert condition["reason"] == "Invalid"
    missing = [field for field in [*MISTAKES, "spec.limitz"] if field not in condition["message"]]
    assert not missing, f"not reported: {missing}, in: {condition['message']}"

    # In force: Enforce, with the short values, in this namespace.
    web = space.deployment("web")
    with WorkloadSimulator(web, cluster.minter.expired):
        cured_by_one_restart(web)

    # Put right again, it is obeyed again.
    policies.put("test", resources.short_spec([space.name], mode="Observe"))
    policies.wait_condition("test", "Ready", "True")
    idle = space.deployment("idle")
    with WorkloadSimulator(idle, cluster.minter.expired):
        assert policies.wait_at_risk("test", "idle")["decision"] == "Observe"
    untouched(idle)
    assert operator.process.running()


def test_a_policy_that_never_was_good_does_nothing(private_remint_cluster, operators):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    policies = resources.Policies(cluster)
    _without_schema(cluster)
    operators(cluster).wait_leading()
    policies.put("test", resources.short_spec([space.name], limits={"cooldown": "forever"}))
    policies.wait_condition("test", "Ready", "False")
    web = space.deployment("web")
    with WorkloadSimulator(web, cluster.minter.expired) as programs:
        programs.wait_answered(401, count=20)
    untouched(web)
