"""Limited to some namespaces: roles there are enough, workloads there are cured, and nothing is known of any other."""

import pytest
from harness import holds_for, resources
from harness.expect import cured_by_one_restart, untouched
from harness.resources import restarts_of
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint

USER = "remint-of-two-namespaces"


@pytest.fixture
def spaces(remint_cluster):
    """Three namespaces, each with a policy of its own that lets Remint act."""
    spaces = [Space.fresh(remint_cluster) for _ in range(3)]
    spec = resources.short_spec([])
    del spec["match"]
    about = {"apiVersion": f"{resources.GROUP}/{resources.VERSION}", "kind": "TokenRefreshPolicy"}
    for space in spaces:
        policy = about | {"metadata": {"name": "ours", "namespace": space.name}, "spec": spec}
        resources.apply(remint_cluster, [policy])
    yield spaces
    for space in spaces:
        space.delete()


def bound(cluster, namespace, kind):
    """deploy/manifests/rbac.yaml's rules, for that user and in that namespace alone: what a Role can grant."""
    rbac = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": {"name": USER, "namespace": namespace},
        "roleRef": {"apiGroup": rbac, "kind": kind, "name": "remint"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": USER}],
    }  # fmt: skip
    resources.apply(cluster, [binding])


def test_only_the_named_namespaces_are_looked_at(remint_cluster, spaces, operators):
    cluster, (shop, web, foreign) = remint_cluster, spaces
    for namespace in (shop.name, web.name):
        bound(cluster, namespace, "ClusterRole")
    bound(cluster, "remint-system", "Role")
    flags = [word for space in (shop, web) for word in ("--watch-namespace", space.name)]
    operators(cluster, kubeconfig=cluster.kubeconfig_for(USER, USER), flags=flags).wait_leading()
    ours, theirs = [space.deployment("cart") for space in (shop, web)], foreign.deployment("cart")
    expired = cluster.minter.expired
    with WorkloadSimulator(theirs, expired) as strangers:
        for cart in ours:
            with WorkloadSimulator(cart, expired):
                cured_by_one_restart(cart)
        strangers.wait_answered(401, count=10)
        holds_for(lambda: not restarts_of(theirs), 3, f"{theirs} is left alone")
    untouched(theirs)
