"""Pods' own logs: they tell apart who shares an address, and who writes to a log may not have another one restarted."""

from world.clients import BY_CRASH, Poll, client
from world.incident import LOGS, incident
from world.network import Gateways, NodeAddresses
from world.podlog import client_go, python
from world.shapes import listing
from world.tokens import HOUR
from world.trust import LEEWAY
from world.truth import MAY, MUST, REFUSE

from .cast import dead, pick, poller

EXPIRED = ("Expired", "Unknown")  # pods' logs do not say why, and there is no other here


def twins(cluster, truth, verdict, voice=None, others=("pollux",)):
    """Alike in everything; the first one dies as the others have nothing left to do. Who has a `voice` says so in its log."""
    what = poller("python 11", "twin", "pods", "", prints=voice)
    node = pick(cluster, 7)
    truth.broken(dead(cluster, "Deployment", "shop", "castor", what, node), *EXPIRED, verdict=verdict, blind=REFUSE)
    quiet = [cluster.workload("Deployment", "shop", name, what, nodes=node, age=1500) for name in others]
    for other in quiet:
        cluster.at(cluster.failure, lambda other=other: other.pods[0].processes[0].stop())
    return quiet


@incident(LOGS, network=NodeAddresses, names_credentials=False, pod_logs=True)
def logs_audit_id_names_a_twin(cluster, truth):
    """Nobody can tell the twins apart by their callers, but one of them prints the Audit-Id of the request that was refused:
    it is named."""
    twins(cluster, truth, MUST, python)


@incident(LOGS, network=Gateways, names_credentials=False, pod_logs=True)
def logs_audit_id_behind_gateway(cluster, truth):
    """The same behind a gateway that hides all nodes, with three that are alike."""
    twins(cluster, truth, MUST, python, others=("pollux", "helen"))


@incident(LOGS, network=NodeAddresses, names_credentials=False, pod_logs=True)
def logs_known_line_of_a_twin(cluster, truth):
    """One of the twins prints a known line in just those seconds: likelier, and a restart is right, but not demanded."""
    twins(cluster, truth, MAY, client_go)


@incident(LOGS, network=NodeAddresses, names_credentials=False, pod_logs=True)
def logs_of_another_servers_refusals(cluster, truth):
    """The healthy twin is refused by a server of somebody else, before and after, and prints the very same line for that: it is
    not restarted, and the dead one, whose log nobody keeps, cannot be known."""
    (pollux,) = twins(cluster, truth, REFUSE)

    def grumble():
        pod = pollux.pods[0]
        cluster.logs.refused(pod, "pollux", client_go, "")
        cluster.after(cluster.chance.about(9), grumble)

    cluster.after(3, grumble)


@incident(LOGS, network=NodeAddresses, names_credentials=False, pod_logs=True)
def logs_repeated_by_a_collector(cluster, truth):
    """A collector on the same node prints what others print, with their Audit-Ids: it is not restarted for it."""
    repeated_by(cluster, truth, poller("client-go 0.36", "gatherer", "pods", "", seconds=7))


@incident(LOGS, network=NodeAddresses, names_credentials=False, pod_logs=True)
def logs_repeated_by_a_collector_that_calls_nobody(cluster, truth):
    """The same of a collector that has never called the API server."""
    repeated_by(cluster, truth, None)


def repeated_by(cluster, truth, what):
    gatherer = cluster.workload("DaemonSet", "platform", "gatherer", what, nodes=cluster.nodes, replicas=len(cluster.nodes))
    repeating = next(pod for pod in gatherer.pods if pod.node is cluster.nodes[7])

    def voice(at, audit_id):
        cluster.logs.print(repeating, "gatherer", python(at, audit_id), after=0.4)
        return []  # the twin's own log is not kept

    twins(cluster, truth, REFUSE, voice)


@incident(LOGS, network=NodeAddresses, names_credentials=False, minutes=(16, 6), pod_logs=True)
def logs_of_a_life_that_is_over(cluster, truth):
    """A program prints its refusal and exits; its next life reads the new token. What the old one printed accuses nobody."""
    what = client("fabric8 7", "hydra", Poll(listing("pods"), 6), rereads=BY_CRASH, prints=python)
    cluster.workload("Deployment", "search", "hydra", what, replicas=3, renewed=cluster.failure - HOUR - LEEWAY)


@incident(LOGS, names_credentials=False, pod_logs=True)
def logs_beside_pod_addresses(cluster, truth):
    """Where each pod has its own address, its log says the same as the audit log: named once, and nobody else."""
    truth.broken(dead(cluster, "StatefulSet", "data", "keeper", poller("python 11", "keeper", prints=python), pick(cluster, 1, 2)), *EXPIRED)
