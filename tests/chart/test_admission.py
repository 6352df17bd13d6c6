"""What the ValidatingAdmissionPolicies keep out, on a real API server."""

import pytest
from ground import REMINT, Ground
from harness import resources

CEILINGS = {
    "maxMode": "Observe", "maxPerHour": 5, "maxConcurrent": 1, "minCooldown": "1h", "minConfidence": 0.95,
    "maxWorkloadsPercent": 5, "maxNamespacePercent": 50, "maxConcurrentPerBudget": 1,
}  # fmt: skip
WITHIN = {
    "mode": "Observe", "minConfidence": 0.95,
    "limits": {"maxPerHour": 5, "maxConcurrent": 1, "cooldown": "2h", "maxWorkloadsPercent": 5, "maxNamespacePercent": 50},
}  # fmt: skip


def test_nobody_but_remint_writes_status(ground):
    here = ground()
    here.take("create", here.policy("ours", {}))
    for what in ("workloadrestart/probe", "tokenrefreshpolicy/ours"):
        assert "status is written by Remint alone, not by alice" in here.status_refusal(what)
        assert here.status_refusal(what, who=REMINT) == ""


def test_the_status_of_cluster_policies_is_remints_too(ground):
    here = ground()
    metadata = {"name": here.name}
    here.take("create", {"apiVersion": "remint.dev/v1alpha1", "kind": "ClusterTokenRefreshPolicy", "metadata": metadata, "spec": {}})
    assert "Remint alone" in here.status_refusal(f"clustertokenrefreshpolicy/{here.name}")
    resources.kubectl(here.cluster, "delete", "clustertokenrefreshpolicy", here.name)


def test_who_is_named_may_write_status_too(ground):
    here = ground({"admission": {"statusWriters": ["alice"]}})
    assert here.status_refusal("workloadrestart/probe") == ""
    assert "not by bob" in here.status_refusal("workloadrestart/probe", who=("--as=bob", "--as-group=system:masters"))


def test_what_is_no_status_is_for_people(ground):
    here = ground()
    here.take("create", here.policy("ours", {"mode": "Enforce"}))
    here.take("apply", here.policy("ours", {"mode": "Observe"}))


def test_a_policy_within_the_ceilings_is_taken(ground):
    here = ground({"admission": {"ceilings": CEILINGS}})
    assert here.refusal("create", here.policy("ours", WITHIN)) == ""


@pytest.mark.parametrize("bolder, told", [
    ({"mode": "Enforce"}, "spec.mode: the cluster allows Observe"),
    ({"limits": WITHIN["limits"] | {"maxPerHour": 6}}, "spec.limits.maxPerHour: the cluster allows 5 at most"),
    ({"limits": WITHIN["limits"] | {"maxConcurrent": 2}}, "spec.limits.maxConcurrent: the cluster allows 1 at most"),
    ({"limits": WITHIN["limits"] | {"cooldown": "59m"}}, "spec.limits.cooldown: the cluster asks for 1h at least"),
    ({"limits": WITHIN["limits"] | {"maxWorkloadsPercent": 6}}, "spec.limits.maxWorkloadsPercent: the cluster allows 5 at most"),
    ({"limits": WITHIN["limits"] | {"maxNamespacePercent": 51}}, "spec.limits.maxNamespacePercent: the cluster allows 50 at most"),
    ({"limits": WITHIN["limits"] | {"maxConcurrentPerBudget": 2}}, "spec.limits.maxConcurrentPerBudget: the cluster allows 1 at most"),
    ({"mode": "Approve"}, "spec.mode: the cluster allows Observe"),
    ({"minConfidence": 0.9}, "spec.minConfidence: the cluster asks for 0.95 at least"),
    ({"limits": {}}, "the cluster allows"),  # the CRD's defaults count as well
], ids=lambda value: "-".join(value) if isinstance(value, dict) else None)  # fmt: skip
def test_a_policy_above_a_ceiling_is_refused_and_told_which(ceilinged, bolder, told):
    assert told in ceilinged.refusal("create", ceilinged.policy("bold", WITHIN | bolder))


def test_a_policy_cannot_be_raised_above_a_ceiling_later(ceilinged):
    ceilinged.take("apply", ceilinged.policy("grows", WITHIN))
    assert "spec.mode" in ceilinged.refusal("apply", ceilinged.policy("grows", WITHIN | {"mode": "Enforce"}))


@pytest.fixture(scope="module")
def ceilinged(helm, crds):
    here = Ground(helm, crds, {"admission": {"ceilings": CEILINGS}}, scoped=True)
    yield here
    here.close()


def test_a_strategy_that_is_off_cannot_be_asked_for(ground):
    here = ground({"strategies": {"ScaleToZero": False}})
    listed = lambda *types: {"strategies": {"ReplicaSet": [{"type": t} for t in types]}}  # noqa: E731
    assert here.refusal("create", here.policy("fits", listed("EvictPods"))) == ""
    assert "spec.strategies: the cluster allows" in here.refusal("create", here.policy("not", listed("EvictPods", "ScaleToZero")))


def test_where_remint_may_only_look_nothing_bolder_can_be_written(ground):
    here = ground({"modeCeiling": "Observe"})
    assert "restarts nothing" in here.refusal("create", here.restart("by-hand"))
    assert "spec.mode" in here.refusal("create", here.policy("bold", {"mode": "Enforce"}))
    metadata = {"name": here.name}
    bold = {"apiVersion": "remint.dev/v1alpha1", "kind": "ClusterTokenRefreshPolicy", "metadata": metadata}
    assert "modeCeiling Observe" in here.refusal("create", bold | {"spec": {"mode": "Enforce"}})
    assert here.refusal("create", bold | {"spec": {"mode": "Observe"}}) == ""
    resources.kubectl(here.cluster, "delete", "clustertokenrefreshpolicy", here.name)


def test_where_a_person_must_be_asked_no_policy_enforces_and_restarts_by_hand_are_taken(ground):
    here = ground({"modeCeiling": "Approve"})
    assert "spec.mode" in here.refusal("create", here.policy("bold", {"mode": "Enforce"}))
    assert here.refusal("create", here.policy("asks", {"mode": "Approve"})) == ""
    bold = {"apiVersion": "remint.dev/v1alpha1", "kind": "ClusterTokenRefreshPolicy", "metadata": {"name": here.name}}
    assert "modeCeiling Approve" in here.refusal("create", bold | {"spec": {"mode": "Enforce"}})
    assert here.refusal("create", bold | {"spec": {"mode": "Approve"}}) == ""
    resources.kubectl(here.cluster, "delete", "clustertokenrefreshpolicy", here.name)
    assert here.refusal("create", here.restart("by-hand")) == ""


def test_a_ceiling_below_the_installations_is_a_ceiling_for_namespaces_alone(ground):
    here = ground({"admission": {"ceilings": {"maxMode": "Approve"}}})
    assert "the cluster allows Observe, Approve" in here.refusal("create", here.policy("bold", {"mode": "Enforce"}))
    assert here.refusal("create", here.policy("asks", {"mode": "Approve"})) == ""
    bold = {"apiVersion": "remint.dev/v1alpha1", "kind": "ClusterTokenRefreshPolicy", "metadata": {"name": here.name}}
    assert here.refusal("create", bold | {"spec": {"mode": "Enforce"}}) == ""
    resources.kubectl(here.cluster, "delete", "clustertokenrefreshpolicy", here.name)


def test_a_scoped_release_rules_its_own_namespaces_only(ground):
    here = ground({"admission": {"ceilings": {"maxMode": "Observe"}}}, scoped=True)
    bold = {"mode": "Enforce"}
    assert "spec.mode" in here.refusal("create", here.policy("bold", bold))
    assert here.refusal("create", here.policy("bold", bold, namespace=here.elsewhere)) == ""
    assert here.status_refusal("tokenrefreshpolicy/bold", namespace=here.elsewhere) == ""
