"""Pods' logs, by way of the real API server: they accuse where a policy says that they may, and whom they may."""

import json
import ssl
import time
import urllib.error
import urllib.request

import pytest

from harness import kubelet_logs
from harness.expect import cured_by_one_restart, restarted_exactly_once, untouched
from harness.kubelet_logs import KubeletLogs, stamp
from harness.resources import restarts_of, short_spec, wait_finished
from harness.simulator import WorkloadSimulator
from harness.wait import wait_until

pytestmark = pytest.mark.remint

# As client-go 0.32 prints it.
REFUSED = (
    'E1122 10:40:19.488808       1 reflector.go:166] "Unhandled Error" err="pkg/mod/k8s.io/client-go@v0.32.2/tools/cache/'
    "reflector.go:251: Failed to watch *v1.Namespace: failed to list *v1.Namespace: Unauthorized\" logger=\"UnhandledError\""
)
ON_NODE = {"nodeSelector": {"kubernetes.io/hostname": "node-0"}}
SIGNALS = {"podLog": {"enabled": True, "sufficient": True}}
LINES = "remint_pod_log_lines_total"


@pytest.fixture
def logs(remint_cluster):
    kubelet_logs.allow(remint_cluster)
    with KubeletLogs(remint_cluster) as logs:
        yield logs


def deployment(space, name):
    workload = space.deployment(name, replicas=1, pod=ON_NODE)
    workload.wait_ready(60)
    (pod,) = workload.live_pods()
    return workload, pod


def test_without_any_audit_event_a_log_that_says_401_is_enough_where_the_policy_says_so(
    remint_cluster, space, policies, operators, logs
):
    spec = short_spec([space.name])
    policies.put(space.name, spec | {"signals": spec["signals"] | SIGNALS})
    (broken, at_broken), (old, at_old), (earlier, at_earlier), (fine, at_fine) = (
        deployment(space, name) for name in ("broken", "old", "earlier", "fine")
    )
    now = time.time()
    logs.write(at_old, *[REFUSED] * 5, at=now - 3 * 3600)
    logs.write(at_earlier, *[REFUSED] * 5, at=at_earlier.status.start_time.timestamp() - 30)
    operator = operators(remint_cluster, hears=False, flags=("--pod-logs",))
    operator.wait_leading()
    for pod in (at_broken, at_old, at_earlier, at_fine):
        logs.wait_followed(pod)
    for _ in range(8):  # a reflector tries again and again
        logs.write(at_fine, "I1122 10:40:19.488808       1 main.go:1] all is well")
        logs.write(at_broken, REFUSED)
        time.sleep(0.5)
    wait_until(lambda: operator.metrics().sum(LINES, result="matched") >= 3, 30, "lines that match")
    wait_finished(broken, 1)
    restarted_exactly_once(broken)
    for workload in (old, earlier, fine):
        untouched(workload)
    assert operator.metrics().sum("remint_audit_batches_total") == 0


def test_behind_an_address_that_many_share_the_audit_id_in_a_python_error_names_the_pod(
    remint_cluster, space, policies, operators, logs
):
    cluster = remint_cluster
    spec = short_spec([space.name])
    policies.put(space.name, spec | {"signals": spec["signals"] | {"podLog": {"enabled": True}}})
    (web, at_web), (other, _) = deployment(space, "web"), deployment(space, "other")
    operator = operators(cluster, flags=("--pod-logs",))
    operator.wait_leading()
    logs.wait_followed(at_web)
    (node,) = [a.address for a in cluster.core().read_node("node-0").status.addresses if a.type == "InternalIP"]
    same = {"user_agent": "OpenAPI-Generator/31.0.0/python", "address_of": lambda pod: node}
    with WorkloadSimulator(web, cluster.minter.expired, **same) as program:
        with WorkloadSimulator(other, cluster.minter.valid, **same):
            client = program.clients[at_web.metadata.uid]

            def said_and_done():
                logs.write(
                    at_web,
                    "kubernetes.client.exceptions.ApiException: (401)",
                    "Reason: Unauthorized",
                    f"HTTP response headers: HTTPHeaderDict({{'Audit-Id': '{client.last_audit_id}', 'Content-Length': '129'}})",
                    'HTTP response body: {"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}',
                    "",
                )
                return restarts_of(web)

            wait_until(said_and_done, 60, "a restart of web", interval=0.5)
            cured_by_one_restart(web)
            untouched(other)


def test_the_api_servers_own_log_is_read_from_its_pod(remint_cluster, space, policies, operators, logs):
    cluster = remint_cluster
    policies.put(space.name, short_spec([space.name]))
    mirror = {
        "metadata": {
            "name": f"kube-apiserver-{space.name}",
            "labels": {"component": "kube-apiserver", "tier": "control-plane"},
        },
        "spec": {"nodeName": "node-0", "containers": [{"name": "kube-apiserver", "image": "kube-apiserver"}]},
    }
    pod = cluster.core().create_namespaced_pod("kube-system", mirror)
    try:
        logs.follow_file(pod, cluster.apiserver.process.log)
        operator = operators(cluster, flags=("--apiserver-pod-logs",))
        operator.wait_leading()
        logs.wait_followed(pod)
        web = space.deployment("web", replicas=1)
        with WorkloadSimulator(web, cluster.minter.expired):
            assert cured_by_one_restart(web)["spec"]["diagnosis"] == "Expired"
        assert operator.metrics().sum("remint_apiserver_pod_log_streams") == 1
    finally:
        cluster.core().delete_namespaced_pod(pod.metadata.name, "kube-system", grace_period_seconds=0)


def test_lines_that_a_log_collector_posts_with_a_token_of_its_own_are_as_good_as_those_that_are_followed(
    remint_cluster, space, policies, operators, tmp_path
):
    cluster = remint_cluster
    spec = short_spec([space.name])
    policies.put(space.name, spec | {"signals": spec["signals"] | SIGNALS})
    (broken, pod), (fine, _) = deployment(space, "broken"), deployment(space, "fine")
    token = tmp_path / "token"
    token.write_text("for lines alone\n")
    operator = operators(cluster, hears=False, flags=("--pod-log-token-file", token))
    operator.wait_leading()
    nobody = ssl.create_default_context(cafile=cluster.authority.cert)
    certified = ssl.create_default_context(cafile=cluster.authority.cert)
    pair = cluster.authority.client("fluent-bit")
    certified.load_cert_chain(pair.cert, pair.key)

    def post(path="/pod-log", token="for lines alone", context=nobody):
        """The answer's status."""
        record = {
            "date": stamp(),
            "stream": "stderr",
            "log": REFUSED,
            "kubernetes": {
                "pod_name": pod.metadata.name, "namespace_name": space.name, "pod_id": pod.metadata.uid,
                "container_name": pod.spec.containers[0].name, "host": "node-0",
            },
        }  # fmt: skip
        request = urllib.request.Request(
            f"https://127.0.0.1:{operator.audit_port}{path}",
            data=json.dumps([record]).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    assert [post(path) for path in ("/audit", "/apiserver-log")] == [401, 401]
    assert post(token="guess") == 401
    wait_until(lambda: post() == 200, 30, "it to be known whose lines matter", interval=0.5)
    assert post(token="", context=certified) == 200

    def said():
        post()
        return restarts_of(broken)

    wait_until(said, 60, "a restart of broken", interval=0.5)
    wait_finished(broken, 1)
    restarted_exactly_once(broken)
    untouched(fine)
