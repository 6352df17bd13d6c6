"""Failures that are none of ours, or that a restart does not help: they end by themselves, or with their pods."""

from world.apiserver import Caller
from world.clients import AFTER_401, AFTER_TWO_401S, BY_CRASH, Poll, client
from world.disorder import Disorder
from world.incident import FOOLING, incident
from world.network import NodeAddresses
from world.serverlog import LogStyle
from world.shapes import getting, listing
from world.tokens import HOUR
from world.trust import LEEWAY
from world.truth import MAY, NEVER

from .cast import dead, operator, pick, poller


@incident(FOOLING, log=LogStyle())
def terminating_pods(cluster, truth):
    """A workload is deleted with its ServiceAccount, and its pods fail on for minutes while they end: nothing to restart."""
    truth.broken(_leaver(cluster), "PodTerminating", blind_diagnoses=["PodTerminating"], verdict=NEVER)


@incident(FOOLING, network=NodeAddresses, log=LogStyle())
def terminating_pods_behind_nat(cluster, truth):
    """The same behind NAT: the callers that fail are those of pods that are ending."""
    truth.broken(_leaver(cluster), "PodTerminating", blind_diagnoses=["PodTerminating"], verdict=NEVER)


def _leaver(cluster):
    leaver = cluster.workload(
        "StatefulSet", "data", "leaver", operator("client-go 0.36", "leaver"), replicas=3, renewed=cluster.start - 300
    )
    for pod in leaver.pods:
        cluster.at(cluster.failure, lambda pod=pod: cluster.delete(pod, grace=600, lingers=240))
    cluster.at(cluster.failure + 1, lambda: cluster.delete_account(leaver.account))
    return leaver


@incident(FOOLING, names_credentials=False, minutes=(16, 6))
def drained_pods_outlive_their_tokens(cluster, truth):
    """Rolled-out pods have an hour to end, and the kubelet no longer renews their tokens: they fail, their successors do not."""
    drain = dead(cluster, "Deployment", "edge", "drainer", poller("python 11", "drainer"), pick(cluster, 2, 3))
    truth.broken(drain, "PodTerminating", blind_diagnoses=["PodTerminating"], verdict=NEVER)
    for pod in list(drain.pods):
        cluster.at(cluster.failure - 420, lambda pod=pod: cluster.replace(pod, grace=3600, lingers=3000))


@incident(FOOLING, minutes=(16, 6), names_credentials=False)
def clients_that_heal(cluster, truth):
    """Tokens expire under clients that read anew after one 401, after two, or by exiting: all are well again within seconds."""
    _healers(cluster)


@incident(
    FOOLING,
    network=NodeAddresses,
    minutes=(16, 6),
    names_credentials=False,
    disorder=Disorder(shuffled=0.2, late=8, doubled=0.1, lost=0.05),
)
def clients_that_heal_behind_nat(cluster, truth):
    """The same behind NAT, with the events in disorder."""
    _healers(cluster)


def _healers(cluster):
    renewed = cluster.failure - HOUR - LEEWAY
    for index, name in enumerate(("phoenix", "lizard", "hydra", "starfish")):
        rereads = [AFTER_401, AFTER_TWO_401S, BY_CRASH, AFTER_401][index]
        what = client(
            "fabric8 7", name, Poll(listing("pods"), 6), Poll(getting("configmaps", name), 9), rereads=rereads
        )
        cluster.workload("Deployment", "search", name, what, replicas=3, renewed=renewed + 15 * index)


@incident(FOOLING)
def forbidden_storm(cluster, truth):
    """A role is taken away and a controller is answered 403 ten times a second: its token is fine."""
    beggar = cluster.workload(
        "Deployment", "platform", "beggar", poller("client-go 0.36", "beggar", seconds=20), replicas=4
    )

    def beg(pod):
        process = pod.processes[0]
        caller = Caller(cluster.network.of_pod(pod), process.client.agent)
        cluster.api.accept(listing("secrets", ""), caller, cluster.api.holder(process.token), code=403)
        cluster.after(0.4, lambda: beg(pod))

    for pod in beggar.pods:
        cluster.at(cluster.failure, lambda pod=pod: beg(pod))


@incident(FOOLING, log=LogStyle())
def clock_skew(cluster, truth):
    """The clock of whoever issues tokens runs three minutes ahead: new tokens are refused at first and good soon after; report,
    and restart nobody; without the log a try is allowed."""
    truth.whoever_fails("NotYetValid", verdict=NEVER, blind=MAY)
    fresh = [
        cluster.workload("Deployment", "shop", name, poller("python 37", name, seconds=6), replicas=3)
        for name in ("lark", "dawn")
    ]

    def skew():
        cluster.issuer_ahead = 180
        for workload in fresh:
            cluster.rollout(workload)

    cluster.at(cluster.failure, skew)


@incident(FOOLING, names_credentials=False, disorder=Disorder(shuffled=0.4, late=6))
def address_reused_within_seconds(cluster, truth):
    """A person rolls out what has just begun to fail, and seconds later its pods' addresses are healthy newcomers': these are
    innocent, also of 401s that arrive late."""
    heir = cluster.workload("Deployment", "data", "heir", poller("python 37", "heir", seconds=20), replicas=0, nodes=[])
    cluster.at(cluster.failure, lambda: cluster.scale(heir, 3))
    ailing = dead(
        cluster, "Deployment", "shop", "ailing", poller("python 11", "ailing", seconds=4), pick(cluster, 4, 5, 6)
    )
    truth.broken(ailing, "Expired", verdict=MAY)
    for pod in list(ailing.pods):
        ends = pod.file.first().expires + LEEWAY + 20
        cluster.at(ends, lambda pod=pod: cluster.replace(pod))
        cluster.at(ends + 5, lambda pod=pod: cluster.pod(heir, pod.node, ip=pod.ip))


@incident(FOOLING, log=LogStyle())
def unreachable_node(cluster, truth):
    """A StatefulSet's pod is deleted by force from a node that is cut off and lives on elsewhere; the old program goes on calling
    from its old address: the log names the new pod's UID, which is healthy, and a restart helps nobody."""
    _zombie(cluster, truth)


@incident(FOOLING, network=NodeAddresses, log=LogStyle())
def unreachable_node_behind_nat(cluster, truth):
    """The same behind NAT: the caller that fails is that of a pod which no longer is."""
    _zombie(cluster, truth)


def _zombie(cluster, truth):
    depot = cluster.workload(
        "StatefulSet",
        "data",
        "depot",
        operator("client-go 0.36", "depot"),
        nodes=pick(cluster, 2, 3),
        replicas=2,
        renewed=cluster.start - 300,
    )
    truth.broken(depot, "BoundObjectChanged", "PodTerminating", verdict=NEVER)

    def abandon():
        cluster.abandon(depot.pods[0])
        cluster.after(3, lambda: cluster.pod(depot, cluster.nodes[9], 0))

    cluster.at(cluster.failure, abandon)


@incident(FOOLING, names_credentials=False)
def left_alone_by_policy(cluster, truth):
    """Dead, but not ours to restart: a Job, a kind that the policy does not list, and a Deployment that asks to be ignored."""
    for kind, name, more in (
        ("Job", "errand", {}),
        ("CloneSet", "replicant", {}),
        ("Deployment", "recluse", {"annotations": {"remint.dev/ignore": "true"}}),
    ):
        workload = dead(cluster, kind, "billing", name, poller("java 8", name), pick(cluster, 2), **more)
        truth.broken(workload, "Expired", verdict=NEVER)
