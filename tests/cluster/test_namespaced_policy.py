"""A policy of the namespace itself: it is obeyed, says how it stands, and what it repeats is counted up."""

import pytest
from harness import resources, wait_until
from harness.expect import IGNORED, OBSERVE_ONLY, wait_explained
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint


@pytest.fixture
def observed(remint_cluster, space, operators):
    """A namespace whose own policy observes, and a replica at work."""
    spec = resources.short_spec([], mode="Observe")
    del spec["match"]  # its own namespace is all that it may speak for
    about = {"apiVersion": f"{resources.GROUP}/{resources.VERSION}", "kind": "TokenRefreshPolicy"}
    resources.apply(remint_cluster, [about | {"metadata": {"name": "ours", "namespace": space.name}, "spec": spec}])
    operators(remint_cluster).wait_leading()
    return space


def status_of(space):
    policy = space.cluster.custom().get_namespaced_custom_object(
        resources.GROUP, resources.VERSION, space.name, resources.POLICY, "ours"
    )
    return policy.get("status", {})


def test_its_status_names_the_workload_at_risk(observed):
    web = observed.deployment("web")
    with WorkloadSimulator(web, observed.cluster.minter.expired):
        risk = wait_until(lambda: status_of(observed).get("atRisk"), 40, "web to be shown at risk")
    assert [(entry["name"], entry["decision"]) for entry in risk] == [("web", "Observe")]
    assert [c["status"] for c in status_of(observed)["conditions"] if c["type"] == "Ready"] == ["True"]


def test_an_event_that_comes_again_is_counted_up(observed):
    """The decision goes from Observe to Refuse and back: the first Event is not written anew."""
    web = observed.deployment("web")
    with WorkloadSimulator(web, observed.cluster.minter.expired):
        first = wait_explained(web, OBSERVE_ONLY)
        web.annotate({"remint.dev/ignore": "true"})
        wait_explained(web, IGNORED)
        web.annotate({"remint.dev/ignore": None})

        def counted():
            again = wait_explained(web, OBSERVE_ONLY)
            assert again["metadata"]["uid"] == first["metadata"]["uid"]
            return (again.get("series") or {}).get("count", 0) >= 2

        wait_until(counted, 40, "the Event to be counted up")
