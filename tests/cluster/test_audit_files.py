"""The real API server writes its audit log, small files, often rotated; Remint follows, is killed, and goes on."""

import threading

import pytest

from harness import Cluster, ClusterOptions, resources, wait_until
from harness.audit_files import AuditFiles
from harness.expect import cured_by_one_restart
from harness.fake_client import FakeClient
from harness.resources import Policies, short_spec
from harness.simulator import WorkloadSimulator
from harness.wait import holds_for
from harness.workloads import Space

pytestmark = pytest.mark.remint

REJECTED = "remint_audit_events_rejected_total"
REPEATED = "remint_audit_events_duplicate_total"
SKIPPED = "remint_audit_file_skipped_bytes_total"
# A megabyte is the least that the API server takes; long requests fill it quickly.
LONG_PATH = "/api/v1/namespaces/default/configmaps?limit=500&labelSelector=" + "x" * 8000


@pytest.fixture
def rotating_cluster(kubernetes_binaries, remint_binary, pytestconfig):
    options = ClusterOptions(apiserver_flags=["--audit-log-maxsize=1", "--audit-log-maxbackup=100"])
    with Cluster(kubernetes_binaries, options) as cluster:
        resources.install(cluster)
        yield cluster


@pytest.fixture
def audit(rotating_cluster):
    state = rotating_cluster.folder / "state"
    state.mkdir()
    return AuditFiles(rotating_cluster.apiserver.audit_log, state)


def following(audit):
    return {"hears": False, "flags": ("--audit-log", audit.log, "--state-dir", audit.state)}


def rejections(cluster, count):
    """So many long requests with a dead token, from nobody's address."""

    def ask(share):
        client = FakeClient(cluster.apiserver.url, cluster.authority.cert, "127.0.0.1", "dead", path=LONG_PATH)
        for _ in range(share):
            assert client.request().status == 401
        client.disconnect()

    threads = [threading.Thread(target=ask, args=(count // 4,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait_counted(operator, count):
    wait_until(lambda: operator.metrics().sum(REJECTED) >= count, 60, f"{count} rejections to be read")
    holds_for(lambda: operator.metrics().sum(REJECTED) == count, 1, f"exactly {count} rejections")
    assert operator.metrics().sum(REPEATED) == 0


def test_nothing_is_lost_or_counted_twice_over_rotations_and_a_kill(rotating_cluster, audit, operators):
    cluster = rotating_cluster
    first = operators(cluster, **following(audit))
    rejections(cluster, 320)
    files = len(audit.files())
    assert files > 2, "the audit log was rotated"
    before = len(audit.rejected())
    wait_counted(first, before)
    wait_until(audit.remembered_all, 20, "the position to be remembered")
    first.kill()

    rejections(cluster, 320)
    assert len(audit.files()) > files + 1, "rotated several times while nobody looked"
    meanwhile = len(audit.rejected()) - before
    second = operators(cluster, **following(audit))
    wait_counted(second, meanwhile)

    rejections(cluster, 320)
    wait_counted(second, len(audit.rejected()) - before)
    assert second.metrics().sum(SKIPPED) == 0


def test_a_kill_in_the_middle_repeats_a_little_at_most_and_loses_nothing(rotating_cluster, audit, operators):
    cluster = rotating_cluster
    first = operators(cluster, **following(audit))
    noise = threading.Thread(target=rejections, args=(cluster, 640))
    noise.start()
    wait_until(lambda: first.metrics().sum(REJECTED) > 200, 60, "some rejections to be read")
    seen = first.metrics().sum(REJECTED)
    first.kill()
    noise.join()
    second = operators(cluster, **following(audit))
    truth = len(audit.rejected())
    wait_until(lambda: seen + second.metrics().sum(REJECTED) >= truth, 60, "all rejections to be read by one of the two")
    assert second.metrics().sum(REPEATED) == 0


def test_the_right_workload_is_restarted_from_the_file_alone(rotating_cluster, audit, operators):
    cluster = rotating_cluster
    space = Space.fresh(cluster)
    policies = Policies(cluster)
    policies.put(space.name, short_spec([space.name]))
    operator = operators(cluster, **following(audit))
    operator.wait_leading()
    web = space.deployment("web", replicas=1)
    other = space.deployment("other", replicas=1)
    with WorkloadSimulator(web, cluster.minter.expired), WorkloadSimulator(other, cluster.minter.valid):
        cured_by_one_restart(web)
    assert other.restarts() == []
    assert operator.metrics().sum("remint_audit_batches_total") == 0
