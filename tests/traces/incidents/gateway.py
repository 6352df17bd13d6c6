"""One address for many nodes: an egress gateway, or a load balancer before the API server."""

from world.incident import FOOLING, GATEWAY, incident
from world.network import Gateways, LoadBalancer
from world.shapes import getting, listing
from world.strangers import knocks
from world.truth import MAY, REFUSE

from .cast import expires, operator, pick, poller, watcher


@incident(GATEWAY, network=Gateways, names_credentials=False)
def gateway_hides_twenty_nodes(cluster, truth):
    """One gateway address for twenty nodes: a workload whose callers nobody else resembles dies on three of them and is named."""
    expires(
        cluster, truth, "Deployment", "shop", "cashier", operator("client-go v8", "cashier"), pick(cluster, 2, 7, 11)
    )


@incident(GATEWAY, network=lambda: Gateways(2), names_credentials=False)
def gateway_generic_agents(cluster, truth):
    """Behind a gateway many share a user agent, and the dead one's namespace and resource are its own: it is named."""
    expires(
        cluster, truth, "StatefulSet", "billing", "actuary", poller("okhttp", "actuary", "secrets"), pick(cluster, 4)
    )
    for namespace, name, resource in (
        ("shop", "grocer", "secrets"),
        ("billing", "bursar", "endpoints"),
        ("data", "digger", "pods"),
    ):
        cluster.workload("Deployment", namespace, name, poller("okhttp", name, resource), replicas=2, age=1500)


@incident(GATEWAY, network=Gateways, names_credentials=False)
def gateway_twins_silent(cluster, truth):
    """Behind a gateway three workloads are the same in everything; one dies as the others have nothing left to do: refuse."""
    what = poller("python 11", "triplet", "pods", "")
    expires(cluster, truth, "Deployment", "shop", "castor", what, pick(cluster, 7), verdict=REFUSE)
    for name in ("pollux", "helen"):
        other = cluster.workload("Deployment", "shop", name, what, replicas=2, age=1500)
        cluster.at(cluster.failure, lambda other=other: [pod.processes[0].stop() for pod in other.pods])


@incident(GATEWAY, network=LoadBalancer, names_credentials=False)
def load_balancer(cluster, truth):
    """A load balancer before the API server hides the whole world: its address is nobody's; whoever the history tells apart from
    all others may be named, but need not be."""
    expires(
        cluster,
        truth,
        "Deployment",
        "shop",
        "cashier",
        operator("client-go v8", "cashier"),
        pick(cluster, 2, 7),
        verdict=MAY,
    )


@incident(FOOLING, network=LoadBalancer)
def load_balancer_with_forger(cluster, truth):
    """From the internet, through the load balancer, somebody sends dead tokens in the manner of a quiet, healthy program: it is
    not restarted."""
    cluster.workload("Deployment", "search", "owl", watcher("client-go 0.36", "owl"), nodes=pick(cluster, 3))
    shapes = [listing("configmaps", "search"), getting("configmaps", "owl", "search")]
    knocks(
        cluster, "10.0.255.4", shapes, ["owl/v0.0.0 (linux/amd64) kubernetes/$Format"], 4, cluster.failure, cluster.end
    )
