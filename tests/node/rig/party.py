"""One namespace with a workload of each kind that reads its token once, beside some that do well and must be left alone."""

import base64
from dataclasses import dataclass, field

from harness.resources import outcome, phase, restarts_of
from harness.wait import wait_until
from harness.workloads import Space
from kubernetes.client import RbacAuthorizationV1Api
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from . import client

LISTED, UNAUTHORIZED = "Listed resources", "Error listing resources error=Unauthorized"
STRATEGIES = {
    "Deployment": "RolloutRestart",
    "StatefulSet": "RolloutRestart",
    "DaemonSet": "RolloutRestart",
    "ReplicationController": "RollingReplace",
    "Pod": "Recreate",
}
PATIENT = (ApiException, HTTPError, OSError)  # an API server that is being restarted


@dataclass
class Guest:
    """A workload and what it was before its token died."""

    workload: object
    uid: str = ""
    pods: set = field(default_factory=set)


class Party:
    def __init__(self, node, logs, name, kinds=tuple(STRATEGIES), **how):
        """`how`: the way in which the broken ones get their tokens, as client.pod() has it."""
        self.node = node
        self.logs = logs
        self.space = Space(node, name)
        self.broken, self.well = [], []
        for account in ("shop", "other"):
            self.space.core.create_namespaced_service_account(name, {"metadata": {"name": account}})
        makers = {
            "Deployment": (self.space.deployment, "cart", {"replicas": 2}),
            "StatefulSet": (self.space.stateful_set, "ledger", {"replicas": 2}),
            "DaemonSet": (self.space.daemon_set, "probe", {}),
            "ReplicationController": (self.space.replication_controller, "queue", {"replicas": 2}),
            "Pod": (self.space.bare_pod, "shell", {}),
        }
        for kind in kinds:
            make, called, extra = makers[kind]
            self.broken.append(self._guest(make, called, how | {"host_network": kind == "DaemonSet"}, **extra))

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

    def add_certificate_client(self, name):
        """One that shows a certificate of its own, and no token."""
        pair = self.node.authority.client(name, name)
        data = {"tls.crt": pair.cert, "tls.key": pair.key}
        data = {key: base64.b64encode(path.read_bytes()).decode() for key, path in data.items()}
        self.space.core.create_namespaced_secret(self.space.name, {"metadata": {"name": name}, "data": data})
        RbacAuthorizationV1Api(self.node.api_client()).create_namespaced_role_binding(self.space.name, {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
        })  # fmt: skip
        return self.add_well(name, read="certificate", secret=name)

    def wait_listing(self, timeout=180, guests=None):
        """Until every pod has listed something; then remembers who they are."""
        guests = guests or self.guests
        for guest in guests:
            guest.workload.wait_ready(timeout)
        wait_until(lambda: all(self._pods_that(LISTED, g) >= g.workload.pod_uids() for g in guests), timeout,
                   f"all pods in {self.space.name} to list something")  # fmt: skip
        for guest in guests:
            guest.uid, guest.pods = guest.workload.uid, guest.workload.pod_uids()
        return self

    def restarts(self, guests=None):
        """Every WorkloadRestart about a workload of this namespace."""
        return [restart for guest in guests or self.guests for restart in restarts_of(guest.workload, guest.uid)]

    def wait_rejected(self, timeout, guests=None):
        """Until every broken workload was told 401."""
        for guest in guests or self.broken:
            wait_until(lambda g=guest: self._pods_that(UNAUTHORIZED, g), timeout, f"a 401 of {guest.workload}")

    def wait_cured(self, timeout):
        """Until each broken workload had its one restart, by the strategy of its kind, found to be cured."""
        for guest in self.broken:
            wait_until(lambda g=guest: self._is_cured(g), timeout, f"{guest.workload} to be cured", 1, PATIENT)

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
            assert restarts_of(guest.workload, guest.uid) == [], f"{guest.workload} was restarted"
            assert guest.workload.pod_uids() == guest.pods, f"{guest.workload} has other pods than before"
            assert not self._pods_that(UNAUTHORIZED, guest), f"{guest.workload} was told 401: it was not well"

    def times(self):
        """{kind: seconds from its first 401 until nothing of it is told 401 any more and its new pods have listed}

        Of what has new pods.
        """
        found = {}
        for guest in self.broken:
            lines = self.logs.of(self.space.name, guest.workload.name)
            rejected = [line.time for line in lines if line.text.endswith(UNAUTHORIZED)]
            begun = {}
            for line in lines:
                if line.text.endswith(LISTED) and line.uid not in guest.pods:
                    begun.setdefault(line.uid, line.time)
            if not begun:
                continue
            found[guest.workload.kind] = (max(*rejected, *begun.values()) - rejected[0]).total_seconds()
        return found

    def _pods_that(self, said, guest):
        return {line.uid for line in self.logs.of(self.space.name, guest.workload.name) if line.text.endswith(said)}

    def recreate_account(self):
        """By its name it is the same; the tokens of its pods name the old UID."""
        core, name = self.space.core, self.space.name
        core.delete_namespaced_service_account("shop", name)
        core.create_namespaced_service_account(name, {"metadata": {"name": "shop"}})

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:  # what failed stays to be looked at
            self.space.delete()
