"""Events that say a token was refused: the CNI plugin's DaemonSet is accused, not the pod that waits for its network."""

import itertools
from datetime import UTC, datetime

import kubernetes
import pytest

from harness import holds_for, wait_until
from harness.expect import DECISIONS, UNCORROBORATED, untouched, wait_explained
from harness.resources import allow_source, restarts_of, short_spec, wait_finished
from harness.simulator import WorkloadSimulator

pytestmark = pytest.mark.remint

NOTE = (
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"b6385006e8b3\": "
    "plugin type=\"calico\" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized"
)
_numbers = itertools.count()


def tell(space, pod, note=NOTE):
    """As a kubelet does, which tries again and again."""
    kubernetes.client.EventsV1Api(space.cluster.api_client()).create_namespaced_event(space.name, {
        "metadata": {"name": f"{pod.metadata.name}.{next(_numbers)}"},
        "eventTime": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "type": "Warning", "reason": "FailedCreatePodSandBox", "action": "Creating", "note": note,
        "reportingController": "kubelet", "reportingInstance": "node-0",
        "regarding": {"apiVersion": "v1", "kind": "Pod", "namespace": space.name, "name": pod.metadata.name, "uid": pod.metadata.uid},
    })  # fmt: skip


def allow(policies, space, **signal):
    spec = short_spec([space.name])
    spec["signals"]["kubernetesEvent"] = {"enabled": True} | signal
    policies.put(space.name, spec)


@pytest.fixture
def waiting(remint_cluster, space, policies, operators):
    """A pod on a node where calico-node runs: (DaemonSet, the pod's Deployment, operator)."""
    allow_source(remint_cluster, "events", apiGroups=["events.k8s.io"], resources=["events"], verbs=["list", "watch"])
    calico, web = space.daemon_set("calico-node"), space.deployment("web", replicas=1)
    operator = operators(remint_cluster)
    operator.wait_leading()
    calico.wait_ready()
    return calico, web.wait_ready(), operator


def test_where_the_policy_lets_events_suffice_the_cni_plugins_daemon_set_is_restarted(waiting, space, policies):
    calico, web, _ = waiting
    allow(policies, space, sufficient=True)
    policies.wait_condition(space.name, "Ready", "True")
    with WorkloadSimulator(calico, space.cluster.minter.valid) as programs:
        programs.wait_answered(200)  # the pod itself is well: only what it wrote to the node is dead

        def restarted():
            tell(space, web.pods()[0])
            return restarts_of(calico)

        wait_until(restarted, 60, "a restart of calico-node", interval=0.5)
        (restart,) = wait_finished(calico)
    assert restart["spec"]["target"]["name"] == "calico-node"
    assert any(each["source"] == "kubernetes-event" for each in restart["spec"]["evidence"]), restart["spec"]
    untouched(web)


def test_events_alone_change_nothing_where_the_policy_does_not_say_that_they_suffice(waiting, space, policies):
    """Whoever may create Events in a namespace can write this one."""
    calico, web, operator = waiting
    allow(policies, space)
    policies.wait_condition(space.name, "Ready", "True")

    def explained():
        tell(space, web.pods()[0])
        return operator.metrics().sum(DECISIONS, decision="Refuse")

    wait_until(explained, 60, "a refusal", interval=0.5)
    wait_explained(calico, UNCORROBORATED)
    holds_for(lambda: not restarts_of(calico), 5, "calico-node is left alone", interval=0.5)
    untouched(calico)
