"""Two replicas are killed at will while 200 workloads break: the limits hold, by the API server's audit log.

REMINT_CHAOS_WORKLOADS: how many (200). REMINT_CHAOS_SEED: of the random numbers that say who is killed when; printed on failure.
"""

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from harness import Cluster, ClusterOptions, holds_for, wait_until
from harness.audited_limits import audit_policy, most_at_once, most_in, restarts_in, too_soon
from harness.chorus import Chorus
from harness.folders import DEPLOY
from harness.remint import lease_holder
from harness.resources import Policies, install, short_spec
from harness.tables import row
from harness.workloads import Space

pytestmark = [pytest.mark.remint, pytest.mark.slow]

WORKLOADS = int(os.environ.get("REMINT_CHAOS_WORKLOADS", "200"))
SEED = int(os.environ.get("REMINT_CHAOS_SEED", "7"))
FLAGS = ("--restart-poll", "500ms", "--restart-quiet", "1s", "--lease-duration", "10s")
MAX_PER_HOUR, MAX_CONCURRENT, PERCENT = 20, 12, 5
AT_ONCE = max(1, WORKLOADS * PERCENT // 100)  # 10 of 200: less than MAX_CONCURRENT
COOLDOWN, FAILURES = timedelta(seconds=20), 2
NEVER_CURED = ("web-0", "web-1", "web-2")


class Chaos:
    """Kills each replica (kill -9) at moments of its own, and starts it again a while later."""

    def __init__(self, cluster, replicas):
        self.kills = 0
        self._cluster = cluster
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._hurt, args=(r, random.Random(SEED + n))) for n, r in enumerate(replicas)]
        self._threads.append(threading.Thread(target=self._follow_the_leader))
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _hurt(self, replica, dice):
        while not self._stop.wait(dice.uniform(8, 40)):
            replica.kill()
            self.kills += 1
            self._stop.wait(dice.uniform(0, 8))
            replica.start(ready=False)

    def _follow_the_leader(self):
        """As the Service does that selects the leader by its label."""
        last = None
        while not self._stop.wait(0.2):
            leader = lease_holder(self._cluster, "remint-system")
            if leader and leader != last:
                try:
                    self._cluster.audit_switch.prefer(leader)
                    last = leader
                except KeyError:
                    last = None  # it was killed, and its lease has not run out


@pytest.fixture
def crowd(kubernetes_binaries, remint_binary, operators, tmp_path):
    """A cluster whose audit log has the bodies of Remint's writes, the workloads, their programs, two replicas."""
    policy = audit_policy(tmp_path / "audit.yaml", DEPLOY / "audit" / "policy.yaml")
    with Cluster(kubernetes_binaries, ClusterOptions(audit_policy=policy)) as cluster:
        install(cluster)
        crowd = Crowd(cluster)
        crowd.replicas = [operators(cluster, flags=FLAGS) for _ in range(2)]
        yield crowd
        crowd.programs.stop()
        operators.close()


class Crowd:
    def __init__(self, cluster):
        self.cluster, self.space = cluster, Space.fresh(cluster)
        self.space.core.create_namespaced_service_account(self.space.name, {"metadata": {"name": "crowd"}})
        names = [f"web-{n}" for n in range(WORKLOADS)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: self.space.deployment(name, replicas=1, account="crowd"), names))
        wait_until(lambda: self._running() == WORKLOADS, 180, f"{WORKLOADS} running pods", interval=1)
        self.curable = set(names) - set(NEVER_CURED)
        self.programs = Chorus(self.space, "crowd", interval=1.5, never_cured=NEVER_CURED)
        self.policies = Policies(cluster)

    def _running(self):
        return len(self.cluster.core().list_namespaced_pod(self.space.name, field_selector="status.phase=Running").items)

    def allow(self, per_hour):
        limits = {"cooldown": f"{COOLDOWN.seconds}s", "maxPerHour": per_hour, "maxConcurrent": MAX_CONCURRENT, "maxWorkloadsPercent": PERCENT}
        breaker = {"failures": FAILURES, "openFor": "24h", "policyFailures": 0}
        spec = short_spec([self.space.name], limits=limits, breaker=breaker, verification={"observe": "5m"})
        spec["signals"]["rejectedToken"] = {"enabled": True, "count": 2, "within": "30s", "for": "1s"}
        self.policies.put("crowd", spec)

    def restarts(self):
        restarts, others = restarts_in(self.cluster.logs.glob("audit*.log"), self.space.name)
        assert not others, f"writes to workloads that are no restart: {others}"
        return restarts


def test_by_the_audit_log_no_limit_is_ever_exceeded_while_the_replicas_are_killed_at_will(crowd, record_property):
    crowd.allow(per_hour=MAX_PER_HOUR)
    crowd.policies.wait_condition("crowd", "Ready", "True")
    chaos = Chaos(crowd.cluster, crowd.replicas)
    print(f"REMINT_CHAOS_SEED={SEED}")
    try:
        crowd.programs.sing()
        wait_until(lambda: len(crowd.restarts()) >= MAX_PER_HOUR, 240, f"{MAX_PER_HOUR} restarts", interval=1)
        holds_for(lambda: len(crowd.restarts()) == MAX_PER_HOUR, 30, "no more than that in an hour", interval=2)
        raised = datetime.now(UTC)
        crowd.allow(per_hour=10 * WORKLOADS)
        wait_until(lambda: {r.workload for r in crowd.restarts()} >= crowd.curable, 1500, "everybody to be restarted", interval=2)
        wait_until(lambda: all(r.end for r in crowd.restarts()), 120, "everything to end", interval=2)
    finally:
        chaos.stop()

    restarts = crowd.restarts()
    at_once, moment = most_at_once(restarts)
    hourly = most_in([r for r in restarts if r.begin < raised], timedelta(hours=1))
    record_property("table", row(f"chaos: {WORKLOADS} workloads break, two replicas are killed at will", "RolloutRestart", {
        "kills": chaos.kills, "restarts": len(restarts), "at once": f"{at_once} of {AT_ONCE}", "in the limited hour": f"{hourly} of {MAX_PER_HOUR}",
    }))  # fmt: skip
    assert chaos.kills >= 5
    assert at_once <= min(MAX_CONCURRENT, AT_ONCE), f"{at_once} at once at {moment}"
    assert hourly <= MAX_PER_HOUR
    assert not too_soon(restarts, COOLDOWN)
    again = [r.workload for r in restarts if r.workload in crowd.curable]
    assert len(again) == len(set(again)), "what one restart cures is restarted once"
    for name in NEVER_CURED:
        assert sum(r.workload == name for r in restarts) <= FAILURES, f"{name}: the breaker was to open"
