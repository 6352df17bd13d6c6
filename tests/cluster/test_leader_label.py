"""The leader's pod, and no other, carries the label by which the audit Service selects it."""

import http.client
import secrets
import ssl

import pytest
from harness import resources, wait_until

pytestmark = pytest.mark.remint

_OWN, _LABEL = "remint-system", "remint.dev/role"


@pytest.fixture
def replicas(remint_cluster, operators):
    """A factory of replicas that believe to be pods of Remint's own namespace; the pods go with the test."""
    names = []

    def make(**options):
        name = f"replica-{secrets.token_hex(3)}"
        # The namespace takes only what is locked down.
        container = {
            "name": "remint",
            "image": "registry.example/remint:1",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        security = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
        pod = {"containers": [container], "securityContext": security}
        resources.apply(
            remint_cluster,
            [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": _OWN}, "spec": pod}],
        )
        names.append(name)
        return operators(remint_cluster, name=name, env={"POD_NAME": name, "POD_NAMESPACE": _OWN}, **options)

    yield make
    for name in names:
        remint_cluster.core().delete_namespaced_pod(name, _OWN, grace_period_seconds=0)


def labelled(cluster):
    pods = cluster.core().list_namespaced_pod(_OWN, label_selector=f"{_LABEL}=leader").items
    return [pod.metadata.name for pod in pods]


def posted(operator):
    """What the API server would be answered: the status, and whether it is to come again on another connection."""
    authority = operator.cluster.authority
    context = ssl.create_default_context(cafile=authority.cert)
    pair = authority.client(f"sender-to-{operator.name}")
    context.load_cert_chain(pair.cert, pair.key)
    connection = http.client.HTTPSConnection("127.0.0.1", operator.audit_port, context=context, timeout=10)
    empty = '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}'
    connection.request("POST", "/audit", empty, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.getheader("Connection")


def test_the_label_goes_with_the_lease(remint_cluster, replicas):
    first = replicas()
    first.wait_leading()
    wait_until(lambda: labelled(remint_cluster) == [first.name], 20, "the first to carry the label")
    second = replicas()  # ready, for it is warm, though it does not lead
    # A connection may be older than the label: what a follower took would be lost to the leader.
    assert posted(first)[0] == 200
    assert posted(second) == (503, "close")
    first.stop()
    second.wait_leading()
    wait_until(lambda: labelled(remint_cluster) == [second.name], 20, "the second to carry it, and nobody else")
    assert posted(second)[0] == 200
