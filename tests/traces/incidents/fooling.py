"""Not to be fooled: requests with tokens that are nobody's, in the manner of workloads that are healthy."""

from world.clients import Poll, client
from world.incident import FOOLING, incident
from world.network import NodeAddresses
from world.serverlog import LogStyle
from world.shapes import Shape, getting, listing
from world.strangers import knocks, random_agents
from world.truth import MAY, NEVER

from .cast import operator, pick, poller, watcher

AGENT = "{}/v0.0.0 (linux/amd64) kubernetes/$Format"


@incident(FOOLING, log=LogStyle())
def wrong_audience(cluster, truth):
    """A program shows the API server a token that is meant for Vault: a restart brings the same again, so report only; without the
    log it is a failing pod like any other, and one try is allowed."""
    smuggler = cluster.workload(
        "Deployment", "platform", "smuggler", poller("python 37", "smuggler"), replicas=2, audience="vault"
    )
    truth.broken(smuggler, "WrongAudience", verdict=NEVER, blind=MAY)


@incident(FOOLING, network=NodeAddresses, log=LogStyle())
def wrong_audience_behind_nat(cluster, truth):
    """The same behind NAT, where nobody has ever seen this caller accepted: no restart of anybody."""
    smuggler = cluster.workload(
        "Deployment", "platform", "smuggler", poller("python 37", "smuggler"), nodes=pick(cluster, 5), audience="vault"
    )
    truth.broken(smuggler, "WrongAudience", verdict=NEVER)


@incident(FOOLING)
def forged_headers_from_a_pod(cluster, truth):
    """A pod sends rubbish for tokens with its neighbours' addresses in X-Forwarded-For and their user agents: what fails is that
    pod itself, if anybody."""
    victims = [
        cluster.workload("Deployment", "shop", name, operator("client-go 0.36", name), replicas=2)
        for name in ("lamb", "kid")
    ]
    intruder = cluster.workload("Deployment", "edge", "intruder", None, nodes=pick(cluster, 6))
    truth.broken(intruder, "Unknown", verdict=MAY)
    for victim in victims:
        knocks(
            cluster,
            intruder.pods[0].ip,
            [listing("pods", ""), getting("configmaps", victim.name, "shop")],
            [AGENT.format(victim.name)],
            3,
            cluster.failure,
            cluster.end,
            [victim.pods[0].ip],
            intruder.pods[0],
        )


@incident(FOOLING)
def forged_headers_from_outside(cluster, truth):
    """The same from the internet: the last address is a stranger's; counted, reported, never acted on."""
    victim = cluster.workload("Deployment", "shop", "lamb", watcher("client-go 0.36", "lamb"), replicas=2)
    for pod in victim.pods:
        knocks(
            cluster,
            "203.0.113.66",
            [listing("configmaps", "shop")],
            [AGENT.format("lamb")],
            3,
            cluster.failure,
            cluster.end,
            ["127.0.0.1", pod.ip],
        )
    knocks(
        cluster, "203.0.113.67", [listing("pods", "")], [None], 3, cluster.failure, cluster.end, [cluster.nodes[2].ip]
    )


@incident(FOOLING, network=NodeAddresses)
def forged_neighbour_behind_nat(cluster, truth):
    """A pod behind its node's address sends rubbish in its neighbour's manner while the neighbour is accepted every few seconds:
    the neighbour is healthy, and nobody is restarted."""
    cluster.workload("Deployment", "shop", "lamb", operator("client-go 0.36", "lamb"), nodes=pick(cluster, 6))
    shapes = [listing("pods", ""), Shape("update", "leases", "shop", "coordination.k8s.io", name="lamb")]
    knocks(cluster, cluster.nodes[6].ip, shapes, [AGENT.format("lamb")], 2, cluster.failure, cluster.end)


@incident(FOOLING, network=NodeAddresses, minutes=(16, 8), log=LogStyle())
def forged_quiet_neighbour_behind_nat(cluster, truth):
    """The same, and the neighbour does nothing but watch: that it has not been heard for some minutes is its habit, no silence."""
    cluster.workload("Deployment", "search", "owl", watcher("client-go 0.36", "owl"), nodes=pick(cluster, 6))
    shapes = [listing("configmaps", "search"), Shape("watch", "configmaps", "search", query="watch=true")]
    knocks(cluster, cluster.nodes[6].ip, shapes, [AGENT.format("owl")], 4, cluster.failure, cluster.failure + 240)


@incident(FOOLING)
def scanners_outside(cluster, truth):
    """Strangers try tokens from the internet, with a new user agent each time: counted as external."""
    shapes = [listing("secrets", ""), listing("pods", ""), getting("namespaces", "kube-system", "")]
    for host in range(5):
        knocks(
            cluster,
            f"203.0.113.{80 + host}",
            shapes,
            random_agents(cluster.chance),
            2,
            cluster.start + 60 * host,
            cluster.end,
        )


@incident(FOOLING)
def scanner_in_a_pod(cluster, truth):
    """A pod tries rubbish with ever new user agents: only that pod fails."""
    scanner = cluster.workload("Pod", "edge", "prowler", None, nodes=pick(cluster, 3))
    truth.broken(scanner, "Unknown", verdict=MAY)
    shapes = [listing("secrets", name) for name in ("shop", "billing", "data", "edge", "")]
    knocks(
        cluster,
        scanner.pods[0].ip,
        shapes,
        random_agents(cluster.chance),
        2,
        cluster.failure,
        cluster.end,
        pod=scanner.pods[0],
    )


@incident(FOOLING, network=NodeAddresses)
def scanner_behind_nat(cluster, truth):
    """The same behind its node's address: nobody there was ever known to ask like that, so nobody is restarted."""
    shapes = [listing("secrets", name) for name in ("shop", "billing", "data", "edge", "")]
    knocks(cluster, cluster.nodes[3].ip, shapes, random_agents(cluster.chance), 2, cluster.failure, cluster.end)


@incident(FOOLING, network=NodeAddresses, log=LogStyle())
def administrator_on_a_node(cluster, truth):
    """On the node itself a person runs kubectl with a dead kubeconfig, beside a healthy pod that runs kubectl, too."""
    helper = client("kubectl", "helper", Poll(listing("pods", "shop"), 45))
    cluster.workload("Deployment", "shop", "helper", helper, nodes=pick(cluster, 5))
    knocks(
        cluster,
        cluster.nodes[5].ip,
        [listing("pods", "shop"), listing("pods", "default")],
        ["kubectl/v1.36.3 (linux/amd64) kubernetes/$Format"],
        6,
        cluster.failure,
        cluster.end,
    )


@incident(FOOLING)
def kubelet_without_certificate(cluster, truth):
    """A kubelet's bootstrap token is dead and it retries from its node's address, where pods of the host's network live, too."""
    shapes = [
        Shape("create", "certificatesigningrequests", group="certificates.k8s.io"),
        getting("nodes", "node-4", ""),
    ]
    knocks(
        cluster,
        cluster.nodes[4].ip,
        shapes,
        ["kubelet/v1.36.3 (linux/amd64) kubernetes/1b2c3d4"],
        3,
        cluster.failure,
        cluster.end,
    )
