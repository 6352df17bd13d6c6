"""The healthy rest of a cluster: workloads of all kinds that mind their tokens, kubelets, controllers and people."""

from .apiserver import Caller
from .clients import Elect, Poll, Watch, client
from .shapes import Shape, getting, lease, listing

NAMESPACES = ["shop", "billing", "search", "platform", "data", "edge"]
NOUNS = [
    "cart",
    "orders",
    "ledger",
    "quotes",
    "mailer",
    "indexer",
    "feeds",
    "router",
    "vault-agent",
    "ingest",
    "reports",
    "sync",
    "planner",
    "gate",
    "assets",
    "profiles",
    "stock",
    "tickets",
    "audit-sink",
    "scaler",
    "pricing",
    "search-api",
    "notifier",
    "broker",
    "archiver",
    "sessions",
    "tracer",
    "forms",
    "bids",
    "rates",
]
KINDS = ["Deployment"] * 12 + ["StatefulSet"] * 3 + ["ReplicaSet", "ReplicationController", "CloneSet", "Job", "Pod"]


def populate(cluster, workloads=40):
    """Innocents: their names begin with what no incident's cast is called."""
    chance = cluster.chance
    for index in range(workloads):
        namespace = NAMESPACES[index % len(NAMESPACES)]
        name = f"{NOUNS[index % len(NOUNS)]}-{chance.suffix(2)}"
        kind = KINDS[index % len(KINDS)]
        replicas = 1 if kind in ("Pod", "Job") else chance.choice([1, 2, 2, 3, 3, 4, 6])
        mounts = chance.random() > 0.1
        cluster.workload(
            kind,
            namespace,
            name,
            chance_client(chance, name) if mounts else None,
            replicas=replicas,
            mounts_token=mounts,
        )
    cluster.workload(
        "DaemonSet",
        "kube-system",
        "kube-proxy",
        client("client-go 0.36", "kube-proxy", Watch(listing("services", ""))),
        replicas=len(cluster.nodes),
        nodes=cluster.nodes,
        host_network=True,
    )
    cluster.workload(
        "DaemonSet",
        "monitoring",
        "node-agent",
        client("client-go 0.36", "node-agent", Poll(listing("pods", ""), 60)),
        replicas=len(cluster.nodes),
        nodes=cluster.nodes,
    )
    for node in cluster.nodes:
        cluster.after(chance.uniform(0, 40), lambda node=node: kubelet(cluster, node))
    cluster.after(3, lambda: controllers(cluster))
    cluster.after(chance.uniform(5, 60), lambda: person(cluster))


def chance_client(chance, name):
    """A client that keeps its token fresh, or none: a quarter of all pods never ask the API server anything."""
    if chance.random() < 0.25:
        return None
    resource = chance.choice(["configmaps", "secrets", "pods", "endpoints", "services"])
    pick = chance.random()
    if pick < 0.25:
        return client(
            "client-go 0.36", name, Watch(listing(resource)), Poll(getting(resource, name), chance.choice([20, 30, 60]))
        )
    if pick < 0.35:
        return client("controller-runtime", name, Watch(listing(resource, "")), Elect(name, 10))
    if pick < 0.5:
        return client("python 37", name, Poll(listing(resource), chance.choice([15, 30, 60])))
    if pick < 0.6:
        return client("javascript 1.4", name, Poll(listing(resource), chance.choice([30, 60])))
    if pick < 0.7:
        return client("kube-rs 5", name, Watch(listing(resource)), Poll(getting("configmaps", name), 45))
    if pick < 0.8:
        return client("java 27", name, Poll(listing(resource), chance.choice([30, 60])))
    if pick < 0.85:
        return client("fabric8 7", name, Poll(listing(resource), 40))
    if pick < 0.9:
        return client("kubectl", name, Poll(listing(resource), 60))
    return client("client-go 0.36", name, Watch(listing(resource), watch_list=True))


def kubelet(cluster, node):
    caller = Caller(cluster.network.of_node(node), "kubelet/v1.36.3 (linux/amd64) kubernetes/1b2c3d4")
    user = {"username": f"system:node:{node.name}", "groups": ["system:nodes", "system:authenticated"]}
    cluster.api.accept(lease("update", node.name, "kube-node-lease"), caller, user)
    if cluster.chance.random() < 0.2:
        cluster.api.accept(
            Shape("patch", "nodes", name=node.name, subresource="status", query="timeout=10s"), caller, user
        )
    cluster.after(cluster.chance.about(40), lambda: kubelet(cluster, node))


def controllers(cluster):
    """The controller manager: ServiceAccounts without pods, from the control plane's address."""
    name = cluster.chance.choice(
        ["deployment-controller", "replicaset-controller", "endpointslice-controller", "node-controller"]
    )
    user = {
        "username": f"system:serviceaccount:kube-system:{name}",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
    }
    agent = f"kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/$Format/system:serviceaccount:kube-system:{name}"
    shape = Shape(
        "get",
        cluster.chance.choice(["serviceaccounts", "endpoints"]),
        cluster.chance.choice(NAMESPACES),
        name="default",
    )
    cluster.api.accept(shape, Caller("10.0.250.1", agent), user)
    cluster.after(cluster.chance.about(6, 0.5), lambda: controllers(cluster))


def person(cluster):
    """Somebody with a certificate and kubectl, from outside."""
    user = {"username": "ada", "groups": ["ops", "system:authenticated"]}
    shape = listing(cluster.chance.choice(["pods", "deployments"]), cluster.chance.choice(NAMESPACES))
    cluster.api.accept(shape, Caller("198.51.100.23", "kubectl/v1.36.3 (linux/amd64) kubernetes/1b2c3d4"), user)
    cluster.after(cluster.chance.about(90, 0.6), lambda: person(cluster))
