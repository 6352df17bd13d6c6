"""Requests with tokens that never were any: scanners, forgers, administrators with dead kubeconfigs."""

from .apiserver import Caller


def knocks(cluster, address, shapes, agents, seconds, begin, end, forwarded=(), pod=None):
    """Rejected requests from an address, one every so many seconds; shapes and agents are chosen anew for each."""

    def knock():
        if cluster.now >= end or (pod is not None and pod.deleted is not None):
            return
        caller = Caller(address, cluster.chance.choice(agents), tuple(forwarded))
        cluster.api.ask(cluster.chance.choice(shapes), caller, None, pod)
        cluster.after(cluster.chance.about(seconds, 0.4), knock)

    cluster.at(begin, knock)


def random_agents(chance, count=200):
    return [
        f"{chance.choice(['Mozilla/5.0', 'masscan/1.3', 'zgrab/0.x', 'python-requests/2.31', 'Go-http-client/1.1'])} "
        f"({chance.suffix(8)})"
        for _ in range(count)
    ]
