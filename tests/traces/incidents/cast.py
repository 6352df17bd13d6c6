"""Casting: the workloads that incidents are about."""

from world.clients import Elect, Poll, Watch, client
from world.shapes import OWN, getting, listing
from world.tokens import HOUR
from world.trust import LEEWAY
from world.truth import MUST


def dying_age(cluster, life=HOUR, late=0.0):
    """How old a workload must be at the start for its pods' first tokens, of so long a life, to die some seconds after the
    failure: at once, or as much later as `late` says."""
    return life + LEEWAY - (cluster.failure - cluster.start) - late + 4


def poller(style, name, resource="configmaps", namespace=OWN, seconds=10, **more):
    return client(style, name, Poll(listing(resource, namespace), seconds), **more)


def operator(style, name, resource="pods", namespace="", **more):
    """What most Go programs do: a reflector and a lease."""
    return client(style, name, Watch(listing(resource, namespace)), Elect(name, 5), **more)


def watcher(style, name, resource="configmaps", namespace=OWN, **more):
    """Quiet: nothing but a watch that is renewed every 5 to 10 minutes."""
    return client(style, name, Watch(listing(resource, namespace)), **more)


def reader(style, name, resource, called, seconds=10, **more):
    return client(style, name, Poll(getting(resource, called), seconds), **more)


def dead(cluster, kind, namespace, name, what, nodes, late=0.0, life=HOUR, **more):
    """A workload whose programs never read again and whose first tokens expire at the failure."""
    age = dying_age(cluster, life, late)
    return cluster.workload(kind, namespace, name, what, replicas=len(nodes), nodes=nodes, age=age, **more)


def pick(cluster, *indices):
    return [cluster.nodes[index % len(cluster.nodes)] for index in indices]


def expires(cluster, truth, kind, namespace, name, what, nodes, verdict=MUST, **more):
    """The same, and that it has expired is all there is to say."""
    truth.broken(dead(cluster, kind, namespace, name, what, nodes, **more), "Expired", verdict=verdict)
