"""Casting: the workloads that incidents are about."""

from world.clients import Elect, Poll, Watch, client
from world.shapes import OWN, getting, listing
from world.tokens import HOUR
from world.trust import LEEWAY


def dying_age(cluster, seconds=HOUR, late=0.0):
    """How old a pod must be at the start for its first token to die at the failure, where tokens are not extended."""
    return seconds + LEEWAY - (cluster.failure - cluster.start) - late + 4


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


def dead(cluster, kind, namespace, name, what, nodes, late=0.0, **more):
    """A workload whose programs never read again and whose first tokens expire at the failure."""
    return cluster.workload(kind, namespace, name, what, replicas=len(nodes), nodes=nodes, age=dying_age(cluster, late=late), **more)


def pick(cluster, *indices):
    return [cluster.nodes[index % len(cluster.nodes)] for index in indices]
