"""One namespace with a workload of each kind that reads its token once, beside some that do well and must be left alone."""

from dataclasses import dataclass, field

from harness.resources import outcome, phase, restarts_of
from harness.wait import wait_until
from harness.workloads import Space
from kubernetes.client.exceptions import ApiException

from . import client

LISTED, UNAUTHORIZED = "Listed resources", "Error listing resources error=Unauthorized"
STRATEGIES = {
    "Deployment": "RolloutRestart",
    "StatefulSet": "RolloutRestart",
    "DaemonSet": "RolloutRestart",
    "ReplicationController": "RollingReplace",
    "Pod": "Recreate",
}
_PATIENT = (ApiException, OSError)  # an API server that is being restarted


@dataclass
class Guest:
    """A workload and what it was before its token died."""

    workload: object
    uid: str = ""
    pods: set = field(default_factory=set)


class Party:
    def __init__(self, node, logs, name, token_seconds=None):
        self.node = node
        self.logs = logs
        self.space = Space(node, name)
        self.broken, self.well = [], []
        for account in ("shop", "other"):
            self.space.core.create_namespaced_service_account(name, {"metadata": {"name": account}})
        s, once = self.space, {"token_seconds": token_seconds}
        self.broken = [
            self._guest(s.deployment, "cart", once, replicas=2),
            self._guest(s.stateful_set, "ledger", once, replicas=2),
            self._guest(s.daemon_set, "probe", once | {"host_network": True}),
            self._guest(s.replication_controller, "queue", once, replicas=2),
            self._guest(s.bare_pod, "shell", once),
        ]

    def add_well(self, name, host_network=False, account="other", **how):
        """A Deployment, or on the host's network a DaemonSet, that is to be left alone."""
        make = self.space.daemon_set if host_network else self.space.deployment
        how = how | {"host_network": host_network}
        guest = self._guest(make, name, {"read": "always"} | how, account, **({} if host_network else {"replicas": 1}))
        self.well.append(guest)
        return guest

    def _guest(self, make, name, how, account="shop", **extra):
        return Guest(make(name, account=account, pod=client.pod(self.space.name, name, **how), **extra))

    @property
    def guests(self):
        return self.broken + self.well

    def wait_listing(self, timeout=90):
        """Until every pod has listed something; then remembers who they are."""
        for guest in self.guests:
            guest.workload.wait_ready(timeout)
        wait_until(lambda: all(self._pods_that(LISTED, g) >= g.workload.pod_uids() for g in self.guests), timeout,
                   f"all pods in {self.space.name} to list something")  # fmt: skip
        for guest in self.guests:
            guest.uid, guest.pods = guest.workload.uid, guest.workload.pod_uids()
        return self

    def wait_rejected(self, timeout, guests=None):
        """Until every broken workload was told 401."""
        for guest in guests or self.broken:
            wait_until(lambda g=guest: self._pods_that(UNAUTHORIZED, g), timeout, f"a 401 of {guest.workload}")

    def wait_cured(self, timeout):
        """Until each broken workload had its one restart, by the strategy of its kind, found to be cured."""
        for guest in self.broken:
            wait_until(lambda g=guest: self._is_cured(g), timeout, f"{guest.workload} to be cured", 1, _PATIENT)

    def _is_cured(self, guest):
        """The WorkloadRestart says so, and so do the new pods' own logs: no 401, but successes."""
        restarts = restarts_of(guest.workload, guest.uid)
        if not restarts or phase(restarts[0]) not in ("Succeeded", "Failed", "Cancelled"):
            return False
        (restart,) = restarts
        assert (restart["spec"]["strategy"], outcome(restart)) == (STRATEGIES[guest.workload.kind], "Cured"), restart
        now = guest.workload.pod_uids()
        assert not now & guest.pods, f"{guest.workload}: a pod with the dead token is still there"
        return self._pods_that(LISTED, guest) >= now and not self._pods_that(UNAUTHORIZED, guest) & now

    def assert_well_left_alone(self):
        for guest in self.well:
            workload = guest.workload
            assert restarts_of(workload, guest.uid) == [], f"{workload} was restarted, and was well"
            assert workload.pod_uids() == guest.pods, f"{workload} has other pods than before"
            assert not self._pods_that(UNAUTHORIZED, guest), f"{workload} was told 401: it was not well"

    def times(self):
        """{kind: seconds from its first 401 until nothing of it is told 401 any more and its new pods have listed}"""
        found = {}
        for guest in self.broken:
            lines = self.logs.of(self.space.name, guest.workload.name)
            rejected = [line.time for line in lines if line.text.endswith(UNAUTHORIZED)]
            begun = {}
            for line in lines:
                if line.text.endswith(LISTED) and line.uid not in guest.pods:
                    begun.setdefault(line.uid, line.time)
            found[guest.workload.kind] = (max(*rejected, *begun.values()) - rejected[0]).total_seconds()
        return found

    def _pods_that(self, said, guest):
        return {line.uid for line in self.logs.of(self.space.name, guest.workload.name) if line.text.endswith(said)}

    def delete(self):
        self.space.delete()
