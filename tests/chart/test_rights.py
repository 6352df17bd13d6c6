"""Which verbs follow from which values. What Remint really needs: test_needed_verbs.py."""

import pytest
from rules import Right, rights_of

READS = {"get", "list", "watch"}


def changing(rights):
    """What changes workloads: not Remint's own objects, its Events, its lease or its own pod's label."""
    return {r for r in rights if r.verb not in READS and r.group not in ("remint.dev", "events.k8s.io", "coordination.k8s.io") and not r.own}


def test_all_strategies_together_need_these_writes(helm):
    assert {f"{r.verb} {r.resource}" for r in changing(rights_of(helm.template()))} == {
        "patch deployments", "patch statefulsets", "patch daemonsets",
        "create pods/eviction", "create pods",
        "patch replicationcontrollers/scale", "patch deployments/scale", "patch statefulsets/scale", "patch replicasets/scale",
        "create replicationcontrollers", "patch replicationcontrollers", "delete replicationcontrollers",
    }  # fmt: skip


@pytest.mark.parametrize("strategy, writes", {
    "RolloutRestart": {"patch deployments", "patch statefulsets", "patch daemonsets"},
    "EvictPods": {"create pods/eviction"},
    "ScaleToZero": {"patch replicationcontrollers/scale", "patch deployments/scale", "patch statefulsets/scale", "patch replicasets/scale"},
    "RollingReplace": {"create replicationcontrollers", "patch replicationcontrollers", "delete replicationcontrollers"},
    "Recreate": {"create pods/eviction", "create pods"},
}.items())  # fmt: skip
def test_one_strategy_alone_has_its_verbs_and_no_others(helm, strategy, writes):
    names = ("RolloutRestart", "EvictPods", "ScaleToZero", "RollingReplace", "Recreate")
    rendered = helm.template({"strategies": {name: name == strategy for name in names}})
    assert {f"{r.verb} {r.resource}" for r in changing(rights_of(rendered))} == writes
    asks_for_autoscalers = Right("autoscaling", "horizontalpodautoscalers", "list") in rights_of(rendered)
    assert asks_for_autoscalers == (strategy in ("ScaleToZero", "RollingReplace"))


def test_with_the_ceiling_observe_no_workload_can_be_changed(helm):
    rights = rights_of(helm.template({"modeCeiling": "Observe"}))
    assert not changing(rights)
    assert not [r for r in rights if r.group == "remint.dev" and r.resource == "workloadrestarts" and r.verb == "create"]


def test_what_is_approved_needs_the_same_rights_as_what_is_not_asked_for(helm):
    assert rights_of(helm.template({"modeCeiling": "Approve"})) == rights_of(helm.template())


def test_remint_cannot_approve_what_it_asks_for(helm):
    assert not [right for right in rights_of(helm.template()) if right.verb == "approve"]


def test_no_secret_can_be_read_and_nothing_is_granted_by_a_star(helm):
    for right in rights_of(helm.template()):
        assert right.resource != "secrets" and "*" not in (right.group, right.resource, right.verb)


def test_a_scope_gives_one_role_in_each_namespace_and_no_cluster_role(helm):
    rendered = helm.template({"scope": {"namespaces": ["shop", "bank"]}})
    assert not rendered.all("ClusterRole") and not rendered.all("ClusterRoleBinding")
    where = [role["metadata"]["namespace"] for role in rendered.all("Role")]
    assert sorted(where) == ["bank", "remint-system", "shop"]
    assert sorted(b["metadata"]["namespace"] for b in rendered.all("RoleBinding")) == sorted(where)
    without_namespace = {"nodes", "clustertokenrefreshpolicies"}
    assert not [r for r in rights_of(rendered) if r.resource.split("/")[0] in without_namespace]
    assert {"--watch-namespace=shop", "--watch-namespace=bank"} <= set(rendered.args)
    assert sorted(p["metadata"]["namespace"] for p in rendered.all("TokenRefreshPolicy")) == ["bank", "shop"]


def test_the_lease_is_held_in_remints_own_namespace_and_by_name(helm):
    role = helm.template({"leaderElection": {"leaseName": "mine"}}).one("Role", "remint")
    assert role["metadata"]["namespace"] == "remint-system"
    leases = [rule for rule in role["rules"] if "leases" in rule["resources"]]
    assert [(rule["verbs"], rule.get("resourceNames")) for rule in leases] == [(["create"], None), (["get", "update"], ["mine"])]


def test_without_leader_election_the_lease_is_still_asked_for_the_kill_switch(helm):
    alone = {"replicas": 1, "leaderElection": {"enabled": False}}
    memory = [(["configmaps"], ["remint-memory"], ["get", "patch"]), (["configmaps"], ["kube-root-ca.crt"], ["get"])]

    def rules(values):
        return [(rule["resources"], rule["resourceNames"], rule["verbs"]) for rule in helm.template(values).one("Role", "remint")["rules"]]

    assert rules(alone) == [*memory, (["leases"], ["remint"], ["get"])]
    assert rules(alone | {"modeCeiling": "Observe"}) == memory, "nothing of the lease is asked for there"


def test_the_label_of_the_leader_is_a_right_in_remints_own_namespace_only(helm):
    rights = rights_of(helm.template())
    assert {r.verb for r in rights if r.resource == "pods" and r.own} == {"list", "patch"}
    assert Right("", "pods", "patch") not in rights, "not in any other namespace"


def test_people_get_their_part_of_the_usual_roles(helm):
    rendered = helm.template()
    to = "rbac.authorization.k8s.io/aggregate-to-"
    roles = {name: rendered.one("ClusterRole", f"remint-{name}") for name in ("view", "edit", "admin")}
    assert {name: sorted(k.removeprefix(to) for k in role["metadata"]["labels"] if k.startswith(to)) for name, role in roles.items()} == {
        "view": ["admin", "edit", "view"], "edit": ["admin", "edit"], "admin": ["admin"],
    }  # fmt: skip
    for role in roles.values():
        resources = [resource for rule in role["rules"] for resource in rule["resources"]]
        assert not [r for r in resources if "status" in r or r.startswith("cluster")]
    assert not [n for n in helm.template({"rbac": {"aggregateRoles": False}}).names("ClusterRole") if n != "remint"]


def test_rights_that_others_give_are_not_rendered(helm):
    rendered = helm.template({"rbac": {"create": False}})
    kinds = {d["kind"] for d in rendered.documents}
    assert not kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def test_more_rules_are_added(helm):
    rule = {"apiGroups": ["apps.kruise.io"], "resources": ["clonesets"], "verbs": ["get"]}
    assert Right("apps.kruise.io", "clonesets", "get") in rights_of(helm.template({"rbac": {"extraRules": [rule]}}))
