"""The API server goes away, comes back, and has forgotten the past: Remint goes on as if nothing had been."""

import kubernetes
import pytest
from kubernetes.client.exceptions import ApiException

from harness import wait_until
from harness.expect import (
    WATCH_RESTARTS,
    cured_by_one_restart,
    restarted_exactly_once,
    stays_restarted_once,
    untouched,
)
from harness.resources import Policies, short_spec, wait_begun
from harness.simulator import WorkloadSimulator
from harness.workloads import Space

pytestmark = pytest.mark.remint

# The API server is away for 3 s, or for 15 on a machine that is busy: the lease must outlast it.
PATIENT = ("--lease-duration", "60s")


def test_a_restart_with_a_compaction_is_survived(private_remint_cluster, operators):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    Policies(cluster).put("test", short_spec([space.name]))
    operator = operators(cluster, flags=PATIENT)
    operator.wait_leading()
    before, after = space.deployment("before", replicas=1), space.deployment("after", replicas=2)
    with (
        WorkloadSimulator(before, cluster.minter.expired),
        WorkloadSimulator(after, cluster.minter.valid) as programs,
    ):
        cured_by_one_restart(before)
        untouched(after)
        pid = operator.process.pid
        version = cluster.core().list_namespaced_pod(space.name).metadata.resource_version

        cluster.restart_apiserver(while_down=lambda: (cluster.etcd.advance(), cluster.etcd.compact()))
        _assert_gone(cluster, space, version)
        wait_until(
            lambda: operator.metrics().sum(WATCH_RESTARTS, reason="expired") > 0, 60, "Remint's own watches to get 410"
        )

        # It is the same process, it leads, and what it knows is new: the pods that come now included.
        after.patch({"spec": {"replicas": 3}})
        after.wait_ready()
        programs.wait_answered(200, first=False)
        programs.replace_tokens(cluster.minter.expired)
        cured_by_one_restart(after)
        assert operator.process.pid == pid and operator.process.running()
        operator.wait_leading()

        # Nothing was forgotten, and nothing of the past was done again.
        restarted_exactly_once(before)
        stays_restarted_once(before, 3)


def test_a_restart_in_the_middle_of_a_cure_is_survived(private_remint_cluster, operators):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    Policies(cluster).put("test", short_spec([space.name]))
    operators(cluster, flags=PATIENT).wait_leading()
    web = space.deployment("web", replicas=2)
    with WorkloadSimulator(web, cluster.minter.expired):
        wait_begun(web)
        cluster.restart_apiserver(while_down=lambda: (cluster.etcd.advance(), cluster.etcd.compact()))
        cured_by_one_restart(web)


def test_a_new_signing_key_breaks_everybody_and_all_are_cured(private_remint_cluster, operators):
    cluster, space = private_remint_cluster, Space.fresh(private_remint_cluster)
    Policies(cluster).put("test", short_spec([space.name]))
    operator = operators(cluster, flags=PATIENT)
    operator.wait_leading()
    workloads = [space.deployment("web"), space.stateful_set("db"), space.daemon_set("agent")]
    programs = [WorkloadSimulator(workload, cluster.minter.valid).start() for workload in workloads]
    try:
        for each in programs:
            each.wait_answered(200)
        cluster.restart_apiserver(new_signing_key=True)
        operator.renew_token()  # as the kubelet does: Remint must notice by itself
        for workload in workloads:
            cured_by_one_restart(workload, timeout=150)
        assert operator.process.running(), "Remint did not become what it cures"
    finally:
        for each in programs:
            each.stop()


def _assert_gone(cluster, space, version):
    """A watch from that version gets 410: so did every watch of Remint's."""
    with pytest.raises(ApiException) as gone:
        for _ in kubernetes.watch.Watch().stream(
            cluster.core().list_namespaced_pod, space.name, resource_version=version, timeout_seconds=10
        ):
            pass
    assert gone.value.status == 410
