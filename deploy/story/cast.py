"""Who is on stage: workloads with healthy, dying, dead and stale tokens, some behind their node's address, and one that lies
about its own."""

from harness import resources
from harness.following import EndpointWatcher, PodHistory
from harness.simulator import WorkloadSimulator
from harness.workloads import Space


class Cast:
    """`expected`: who must be cured, and how many pods that replaces. All others must not be touched."""

    def __init__(self, cluster, say):
        self.cluster = cluster
        self.say = say
        self.space = Space(cluster, "shop")
        self.workloads = {}
        self.expected = {}
        self.first = {}  # name -> UIDs of the pods that it began with
        self.uids = {}  # name -> UID of the workload as it began: some are made anew under their name
        self.programs = []
        self.endpoints = {}  # name of a workload with a Service -> its EndpointWatcher
        self.history = PodHistory(self.space)

    def __enter__(self):
        minter, add = self.cluster.minter, self._add
        add(self.space.deployment("cart"), minter.valid, "healthy: its token is good")
        add(self.space.stateful_set("search"), minter.valid, "healthy: its token is good")
        victim = add(self.space.deployment("checkout"), None, "says nothing at all; somebody will try to have it restarted")
        dying = lambda holder: minter.expiring(holder, seconds=15)  # noqa: E731
        add(self.space.deployment("orders", replicas=3), dying, "reads its token once; it dies in 15 seconds", cure=True)
        add(self.space.stateful_set("ledger"), minter.expired, "its token has been dead for an hour", cure=True)
        add(self.space.daemon_set("agent"), minter.other_key, "its token was signed by a key that is gone", cure=True)
        stale = lambda holder: minter.stale(holder, seconds=300 * 24 * 3600)  # noqa: E731
        add(self.space.deployment("reports"), stale, "still accepted, but 300 days past its warning", cure=True)
        add(self.space.replication_controller("web", replicas=3), minter.expired,
            "a ReplicationController behind a Service: its pods must move without a gap", cure=True, service=True)
        add(self.space.replication_controller("batch", annotations={"remint.dev/strategy": "ScaleToZero"}), minter.expired,
            "a ReplicationController that asks to be scaled to zero and back", cure=True)
        add(self.space.deployment("fleet", replicas=8), None, "eight replicas, one of them with a dead token", cure=True,
            one=minter.expired)
        add(self.space.bare_pod("shell"), minter.expired, "a bare pod: nobody but Remint would make it again", cure=True)
        (node,) = self._addresses("node-0")
        on_node = {"nodeSelector": {"kubernetes.io/hostname": "node-0"}}
        add(self.space.deployment("shipping", replicas=1, pod=on_node), dying,
            f"calls from its node's address {node}, as behind source NAT, and dies in 15 seconds", cure=True, address=node)
        add(self.space.deployment("kiosk", replicas=1, pod=on_node), minter.valid,
            f"healthy: calls from {node}, too", address=node)
        for twin in ("castor", "pollux"):
            add(self.space.deployment(twin, replicas=1, pod=on_node), dying,
                f"dies in 15 seconds as well; but behind {node} the twins cannot be told apart", address=node, agent="node-fetch/1.0")
        address = victim.pods()[0].status.pod_ip
        forged = {"X-Forwarded-For": address, "X-Real-Ip": address}
        add(self.space.deployment("intruder", replicas=1), minter.expired,
            f"its token is dead, and it claims to be checkout ({address}) by X-Forwarded-For", cure=True, headers=forged)
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.stop()
        for follower in [self.history, *self.endpoints.values()]:
            follower.stop()

    def restarts(self, name):
        return resources.restarts_of(self.workloads[name], self.uids[name])

    def replaced(self, workload):
        """How many of the pods that it had in the beginning are gone."""
        return len(self.first[workload.name] & set(self.history.gone))

    def _addresses(self, node):
        return [a.address for a in self.cluster.core().read_node(node).status.addresses if a.type == "InternalIP"]

    def _add(self, workload, token, about, cure=False, headers=None, service=False, one=None, address=None, agent=None):
        """`one`: only the first pod's program has this token; the others' are healthy. `address`: not the pod's own."""
        workload.wait_ready()
        self.workloads[workload.name] = workload
        self.first[workload.name] = workload.pod_uids()
        self.uids[workload.name] = workload.uid
        if cure:
            self.expected[workload.name] = 1 if one else len(self.first[workload.name])
        self.say.member(workload, about)
        if service:
            self.space.service(workload)
            self.endpoints[workload.name] = EndpointWatcher(self.space, workload.name).begin(len(workload.pods()))
        if one:
            unlucky = min(self.first[workload.name])
            token = lambda holder: (one if holder.pod_uid == unlucky else self.cluster.minter.valid)(holder)  # noqa: E731
        if token:
            options = {"address_of": lambda pod: address} if address else {}
            options["user_agent"] = agent or f"{workload.name}/v1.4.2 (linux/amd64) kubernetes/$Format"
            self.programs.append(WorkloadSimulator(workload, token, headers=headers, **options).start())
        return workload
