"""Hundreds of workloads break within a minute: the limits hold, memory stays flat, and nobody is forgotten.

Everything is counted at the API server, nothing is believed of Remint. REMINT_LOAD_WORKLOADS: how many (500).
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import holds_for, wait_until
from harness.chorus import Chorus
from harness.following import Following
from harness.resources import FINAL_PHASES, GROUP, VERSION, Policies, install, short_spec
from harness.tables import row
from harness.workloads import Space
from harness.write_proxy import WriteProxy

pytestmark = [pytest.mark.remint, pytest.mark.slow]

WORKLOADS = int(os.environ.get("REMINT_LOAD_WORKLOADS", "500"))
FLAGS = ("--restart-poll", "500ms", "--restart-quiet", "1s", "--lease-duration", "30s")
MAX_CONCURRENT, MAX_PER_HOUR = 4, 20
TABLE = f"load: {WORKLOADS} workloads break at once"


class Restarts(Following):
    """All WorkloadRestarts of a namespace, and how many were ever under way at once."""

    def __init__(self, space):
        super().__init__(space.cluster, f"/apis/{GROUP}/{VERSION}/namespaces/{space.name}/workloadrestarts")
        self.targets = {}  # UID of the restart -> name of its workload
        self.finished = {}  # UID of the restart -> outcome
        self._under_way = set()
        self.most_at_once = 0
        self.start()

    def see(self, kind, item):
        uid, status = item["metadata"]["uid"], item.get("status", {})
        self.targets[uid] = item["spec"]["target"]["name"]
        if status.get("phase") in FINAL_PHASES:
            self.finished[uid] = status.get("outcome", "")
            self._under_way.discard(uid)
        elif kind != "DELETED":
            self._under_way.add(uid)
        self.most_at_once = max(self.most_at_once, len(self._under_way))


class Crowd:
    """The workloads, their programs, and an operator behind a write proxy."""

    def __init__(self, cluster, operators):
        self.cluster, self.space = cluster, Space.fresh(cluster)
        self.space.core.create_namespaced_service_account(self.space.name, {"metadata": {"name": "crowd"}})
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._make, range(WORKLOADS)))
        wait_until(lambda: self._running() == WORKLOADS, 120, f"{WORKLOADS} running pods", interval=1)
        self.restarts = Restarts(self.space)
        self.programs = Chorus(self.space, "crowd")
        self.proxy = WriteProxy(cluster)
        self.operator = operators(cluster, server=self.proxy.url, flags=FLAGS)
        self.operator.wait_leading()
        self.rss_before = self.rss()

    def close(self):
        for each in (self.restarts, self.programs):
            each.stop()
        self.proxy.close()

    def rss(self):
        """Resident memory of the operator, in MB."""
        with open(f"/proc/{self.operator.process.pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024

    def _make(self, number):
        self.space.deployment(f"web-{number}", replicas=1, account="crowd")

    def _running(self):
        pods = self.cluster.core().list_namespaced_pod(self.space.name, field_selector="status.phase=Running")
        return len(pods.items)


@pytest.fixture
def crowd(private_cluster, remint_binary, operators):
    install(private_cluster)
    crowd = Crowd(private_cluster, operators)
    yield crowd
    crowd.close()


def limits(crowd, **values):
    spec = short_spec([crowd.space.name], limits={"cooldown": "30m", "maxWorkloadsPercent": 100} | values)
    spec["signals"]["rejectedToken"]["within"] = "1m"
    # Ends at the first success. Here many wait for a turn to call, on a busy machine for minutes: nothing heard is Unverified.
    spec["verification"] = {"observe": "10m"}
    return spec


def test_the_limits_hold_and_when_they_are_raised_everybody_is_cured(crowd, record_property):
    policies, restarts = Policies(crowd.cluster), crowd.restarts
    policies.put("crowd", limits(crowd, maxConcurrent=MAX_CONCURRENT, maxPerHour=MAX_PER_HOUR))
    policies.wait_condition("crowd", "Ready", "True")
    crowd.programs.sing()

    wait_until(lambda: len(restarts.finished) >= MAX_PER_HOUR, 120, f"{MAX_PER_HOUR} restarts to end", interval=0.5)
    holds_for(lambda: len(restarts.targets) == MAX_PER_HOUR, 10, "no more than that in an hour", interval=0.5)
    assert restarts.most_at_once <= MAX_CONCURRENT
    rss_in_the_storm = crowd.rss()

    started, at_once_before = time.monotonic(), restarts.most_at_once
    policies.put("crowd", limits(crowd, maxConcurrent=50, maxPerHour=10 * WORKLOADS))
    wait_until(lambda: len(restarts.finished) >= WORKLOADS, 600, f"{WORKLOADS} restarts to end", interval=1)
    seconds = time.monotonic() - started
    assert restarts.most_at_once <= 50
    assert sorted(restarts.targets.values()) == sorted(f"web-{n}" for n in range(WORKLOADS)), "each one, and each once"
    assert set(restarts.finished.values()) == {"Cured"}, restarts.finished

    writes = crowd.proxy.applied()
    each = len(writes) / WORKLOADS
    journals = sum(write.resource == "workloadrestarts" for write in writes) / WORKLOADS
    rss_after = crowd.rss()
    record_property("table", row(TABLE, "RolloutRestart", {
        "restarts in the limited hour": MAX_PER_HOUR, "at once": at_once_before,
        "all, s": round(seconds), "writes each": round(each, 2), "of these journal": round(journals, 2),
        "RSS MB before": round(crowd.rss_before, 1), "with all broken": round(rss_in_the_storm, 1),
        "after": round(rss_after, 1),
    }))  # fmt: skip
    # Created, Running, waiting, Verifying, Succeeded; and the one write that restarts.
    assert each <= 6.2, "one for each change of phase, and the strategy's own"
    assert rss_after - rss_in_the_storm < 10, "memory is flat"
