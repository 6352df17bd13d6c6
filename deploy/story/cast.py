"""Who is on stage: workloads with healthy, dying, dead and stale tokens, and one that lies about its address."""

from harness.simulator import WorkloadSimulator
from harness.workloads import Space


class Cast:
    """`expected`: names of the workloads that must be cured. All others must not be touched."""

    def __init__(self, cluster, say):
        self.cluster = cluster
        self.say = say
        self.space = Space(cluster, "shop")
        self.workloads = {}
        self.expected = set()
        self.programs = []

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
        address = victim.pods()[0].status.pod_ip
        forged = {"X-Forwarded-For": address, "X-Real-Ip": address}
        add(self.space.deployment("intruder", replicas=1), minter.expired,
            f"its token is dead, and it claims to be checkout ({address}) by X-Forwarded-For", cure=True, headers=forged)
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.stop()

    def _add(self, workload, token, about, cure=False, headers=None):
        workload.wait_ready()
        self.workloads[workload.name] = workload
        if cure:
            self.expected.add(workload.name)
        self.say.member(workload, about)
        if token:
            agent = f"{workload.name}/v1.4.2 (linux/amd64) kubernetes/$Format"
            self.programs.append(WorkloadSimulator(workload, token, user_agent=agent, headers=headers).start())
        return workload
