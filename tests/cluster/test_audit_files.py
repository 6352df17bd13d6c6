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
LONG_PATH = "/api/v1/namespaces/default/configmaps?limit=500&labelSelector=" + "x" * 50_000
ENOUGH = 80  # of them, for several rotations


@pytest.fixture(scope="module", params=[[], ["--audit-log-compress"]], ids=["plain", "compressed"])
def rotating_cluster(kubernetes_binaries, remint_binary, request):
    options = ClusterOptions(apiserver_flags=["--audit-log-maxsize=1", "--audit-log-maxbackup=100", *request.param])
    with Cluster(kubernetes_binaries, options) as cluster:
        resources.install(cluster)
        yield cluster


@pytest.fixture
def audit(rotating_cluster, request):
    state = rotating_cluster.folder / request.node.name
    state.mkdir()
    return AuditFiles(rotating_cluster.apiserver.audit_log, state)


def following(audit):
    return {"hears": False, "flags": ("--audit-log", audit.log, "--state-dir", audit.state)}


def rejections(cluster, count=ENOUGH):
    """So many long requests with a dead token, from nobody's address."""
    client = FakeClient(cluster.apiserver.url, cluster.apiserver.root_ca, "127.0.0.1", "dead", path=LONG_PATH)
    for _ in range(count):
        assert client.request().status == 401
    client.disconnect()


def wait_counted(operator, count):
    wait_until(lambda: operator.metrics().sum(REJECTED) >= count, 60, f"{count} rejections to be read")
    holds_for(lambda: operator.metrics().sum(REJECTED) == count, 1, f"exactly {count} rejections")
    assert operator.metrics().sum(REPEATED) == 0


@pytest.mark.parametrize("rotating_cluster", [[]], ids=["plain"], indirect=True)
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
    policies.delete()


def test_nothing_is_lost_or_counted_twice_over_rotations_and_kills(rotating_cluster, audit, operators):
    cluster = rotating_cluster
    first = operators(cluster, **following(audit))
    wait_until(lambda: list(audit.state.glob("*.json")), 20, "a remembered position")
    known = audit.rejected_in_the_newest()  # a start without memory reads the end of what is there
    wait_counted(first, known)
    at_first = len(audit.rejected())
    files = len(audit.files())

    rejections(cluster)
    assert len(audit.files()) > files + 1, "the audit log was rotated"
    before = len(audit.rejected())
    wait_counted(first, known + before - at_first)
    wait_until(audit.remembered_all, 20, "the position to be remembered")
    first.kill()

    files = len(audit.files())
    rejections(cluster)
    assert len(audit.files()) > files + 1, "rotated several times while nobody looked"
    second = operators(cluster, **following(audit))
    wait_counted(second, len(audit.rejected()) - before)
    rejections(cluster)
    wait_counted(second, len(audit.rejected()) - before)

    # In the middle of it the position says what the next one has to read, neither more nor less.
    noise = threading.Thread(target=rejections, args=(cluster, 3 * ENOUGH))
    noise.start()
    some = second.metrics().sum(REJECTED) + ENOUGH // 2
    wait_until(lambda: second.metrics().sum(REJECTED) > some, 60, "some rejections to be read")
    second.kill()
    remembered = audit.remembered()
    noise.join()
    third = operators(cluster, **following(audit))
    wait_counted(third, audit.rejected_behind(remembered))
    assert third.metrics().sum(SKIPPED) == 0
