"""Pods' logs, by way of the real API server: they accuse where a policy says that they may, and whom they may."""

import time

import pytest

from harness import kubelet_logs
from harness.expect import restarted_exactly_once, untouched
from harness.kubelet_logs import KubeletLogs
from harness.resources import short_spec, wait_finished
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
