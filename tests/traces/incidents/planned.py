"""Before anything fails: stale tokens that are still accepted, and tokens that are not re-read where nothing is extended."""

from world.clients import NEVER, TIMER
from world.incident import PLANNED, incident
from world.network import NodeAddresses
from world.serverlog import LogStyle
from world.tokens import DAY, HOUR, YEAR
from world.truth import MAY

from .cast import dead, operator, pick, poller

WEEK = 7 * DAY


@incident(PLANNED, extended=True)
def stale_tokens(cluster, truth):
    """Tokens a week old are still accepted, and the API server says so: restart both workloads in good time."""
    _stale(cluster, truth)


@incident(PLANNED, extended=True, network=NodeAddresses)
def stale_tokens_behind_nat(cluster, truth):
    """The same behind NAT: the event names the pod, so the address does not matter."""
    _stale(cluster, truth)


@incident(PLANNED, extended=True, network=NodeAddresses, log=LogStyle())
def year_old_tokens(cluster, truth):
    """A token dies at the end of its extended year; the annotation has told so all along, so it is named long before its first
    401."""
    cashier = dead(
        cluster, "Deployment", "shop", "cashier", poller("python 11", "cashier"), pick(cluster, 4), life=YEAR
    )
    truth.broken(cashier, "StaleToken", blind_diagnoses=["StaleToken"], since=cluster.start, before="first401")
    _stale_but_healing(cluster, truth)


def _stale(cluster, truth):
    for kind, name, what in (
        ("Deployment", "cashier", operator("client-go v8", "cashier")),
        ("StatefulSet", "keeper", poller("java 8", "keeper", "endpoints")),
    ):
        workload = cluster.workload(kind, "shop", name, what, replicas=2, age=WEEK)
        truth.broken(workload, "StaleToken", blind_diagnoses=["StaleToken"], since=cluster.start)
    _stale_but_healing(cluster, truth)
    late = cluster.workload(
        "Deployment", "edge", "laggard", poller("python 37", "laggard"), renewed=cluster.start - HOUR + 200
    )
    for pod in late.pods:  # the kubelet is late by minutes, for once
        pod.file.frozen_since = cluster.start
        cluster.at(cluster.start + 420, lambda pod=pod: setattr(pod.file, "frozen_since", None))


def _stale_but_healing(cluster, truth):
    """Whoever reads again only after a 401 is stale for a year, and would heal by himself."""
    for workload in cluster.workloads:
        if any(part.client and part.client.rereads.failures for part in workload.parts):
            truth.broken(workload, "StaleToken", blind_diagnoses=["StaleToken"], verdict=MAY, since=cluster.start)


@incident(PLANNED, minutes=(61.5, 3), neighbours=8, nodes=6)
def not_reloading(cluster, truth):
    """Tokens of an hour, not extended: one Deployment shows the same credential long after the kubelet has renewed it: name it
    before its first 401; the others keep theirs, too, but for no longer than their own expirationSeconds allow."""
    _reloading(cluster, truth, HOUR)
    for name, seconds, rereads in (("yearling", DAY, TIMER), ("oldtimer", DAY, NEVER), ("steady", 2 * HOUR, TIMER)):
        cluster.workload(
            "Deployment",
            "edge",
            name,
            poller("client-go 0.36", name, seconds=20, rereads=rereads),
            age=0,
            token_seconds=seconds,
        )


@incident(PLANNED, minutes=(11.5, 6), neighbours=20)
def not_reloading_short_tokens(cluster, truth):
    """Tokens of ten minutes by the pod's own wish: the same credential after nine means that it is never read again."""
    _reloading(cluster, truth, 600)


def _reloading(cluster, truth, seconds):
    what = poller("client-go 0.36", "magpie", seconds=6, rereads=NEVER)
    magpie = cluster.workload(
        "Deployment", "shop", "magpie", what, nodes=pick(cluster, 1, 2), replicas=2, age=0, token_seconds=seconds
    )
    truth.broken(
        magpie, "NotReloading", blind_diagnoses=["NotReloading"], since=cluster.start + 0.8 * seconds, before="first401"
    )
    healthy = poller("client-go 0.36", "robin", seconds=6)
    cluster.workload(
        "Deployment", "shop", "robin", healthy, nodes=pick(cluster, 1, 2), replicas=2, age=0, token_seconds=seconds
    )
