"""Not to be fooled: what looks like a dead workload and is none, or is one that a restart does not help."""

from world.background import chance_client
from world.clients import AFTER_401, AFTER_TWO_401S, BY_CRASH, Elect, Poll, client
from world.disorder import Disorder
from world.incident import FOOLING, incident
from world.network import NodeAddresses
from world.serverlog import LogStyle
from world.shapes import Shape, getting, listing
from world.strangers import knocks, random_agents
from world.tokens import HOUR
from world.trust import LEEWAY
from world.truth import MAY, NEVER, REFUSE

from .cast import dead, operator, pick, poller, watcher

AGENT = "{}/v0.0.0 (linux/amd64) kubernetes/$Format"


@incident(FOOLING, log=LogStyle())
def wrong_audience(cluster, truth):
    """A program shows the API server a token that is meant for Vault: a restart brings the same again, so report only; without the
    log it is a failing pod like any other, and one try is allowed."""
    smuggler = cluster.workload("Deployment", "platform", "smuggler", poller("python 37", "smuggler"), replicas=2, audience="vault")
    truth.broken(smuggler, "WrongAudience", verdict=NEVER, blind=MAY)


@incident(FOOLING, network=NodeAddresses, log=LogStyle())
def wrong_audience_behind_nat(cluster, truth):
    """The same behind NAT, where nobody has ever seen this caller accepted: no restart of anybody."""
    smuggler = cluster.workload("Deployment", "platform", "smuggler", poller("python 37", "smuggler"), nodes=pick(cluster, 5),
                                audience="vault")
    truth.broken(smuggler, "WrongAudience", verdict=NEVER)


@incident(FOOLING)
def forged_headers_from_a_pod(cluster, truth):
    """A pod sends rubbish for tokens with its neighbours' addresses in X-Forwarded-For and their user agents: what fails is that
    pod itself, if anybody."""
    victims = [cluster.workload("Deployment", "shop", name, operator("client-go 0.36", name), replicas=2) for name in ("lamb", "kid")]
    intruder = cluster.workload("Deployment", "edge", "intruder", None, nodes=pick(cluster, 6))
    truth.broken(intruder, "Unknown", verdict=MAY)
    for victim in victims:
        knocks(cluster, intruder.pods[0].ip, [listing("pods", ""), getting("configmaps", victim.name, "shop")],
               [AGENT.format(victim.name)], 3, cluster.failure, cluster.end, [victim.pods[0].ip], intruder.pods[0])


@incident(FOOLING)
def forged_headers_from_outside(cluster, truth):
    """The same from the internet: the last address is a stranger's; counted, reported, never acted on."""
    victim = cluster.workload("Deployment", "shop", "lamb", watcher("client-go 0.36", "lamb"), replicas=2)
    for pod in victim.pods:
        knocks(cluster, "203.0.113.66", [listing("configmaps", "shop")], [AGENT.format("lamb")], 3, cluster.failure, cluster.end,
               ["127.0.0.1", pod.ip])
    knocks(cluster, "203.0.113.67", [listing("pods", "")], [None], 3, cluster.failure, cluster.end, [cluster.nodes[2].ip])


@incident(FOOLING, network=NodeAddresses)
def forged_neighbour_behind_nat(cluster, truth):
    """A pod behind its node's address sends rubbish in its neighbour's manner while the neighbour is accepted every few seconds:
    the neighbour is healthy, and nobody is restarted."""
    neighbour = cluster.workload("Deployment", "shop", "lamb", operator("client-go 0.36", "lamb"), nodes=pick(cluster, 6))
    shapes = [listing("pods", ""), Shape("update", "leases", "shop", "coordination.k8s.io", name="lamb")]
    knocks(cluster, cluster.nodes[6].ip, shapes, [AGENT.format("lamb")], 2, cluster.failure, cluster.end)
    assert neighbour.pods


@incident(FOOLING, network=NodeAddresses, minutes=(16, 8))
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
        knocks(cluster, f"203.0.113.{80 + host}", shapes, random_agents(cluster.chance), 2, cluster.start + 60 * host, cluster.end)


@incident(FOOLING)
def scanner_in_a_pod(cluster, truth):
    """A pod tries rubbish with ever new user agents: only that pod fails."""
    scanner = cluster.workload("Pod", "edge", "prowler", None, nodes=pick(cluster, 3))
    truth.broken(scanner, "Unknown", verdict=MAY)
    shapes = [listing("secrets", name) for name in ("shop", "billing", "data", "edge", "")]
    knocks(cluster, scanner.pods[0].ip, shapes, random_agents(cluster.chance), 2, cluster.failure, cluster.end, pod=scanner.pods[0])


@incident(FOOLING, network=NodeAddresses)
def scanner_behind_nat(cluster, truth):
    """The same behind its node's address: nobody there was ever known to ask like that, so nobody is restarted."""
    shapes = [listing("secrets", name) for name in ("shop", "billing", "data", "edge", "")]
    knocks(cluster, cluster.nodes[3].ip, shapes, random_agents(cluster.chance), 2, cluster.failure, cluster.end)


@incident(FOOLING, log=LogStyle())
def terminating_pods(cluster, truth):
    """A workload is deleted with its ServiceAccount, and its pods fail on for minutes while they end: nothing to restart."""
    truth.broken(_leaver(cluster), "PodTerminating", blind_diagnoses=["PodTerminating"], verdict=NEVER)


@incident(FOOLING, network=NodeAddresses, log=LogStyle())
def terminating_pods_behind_nat(cluster, truth):
    """The same behind NAT: the callers that fail are those of pods that are ending."""
    truth.broken(_leaver(cluster), "PodTerminating", blind_diagnoses=["PodTerminating"], verdict=NEVER)


def _leaver(cluster):
    leaver = cluster.workload("StatefulSet", "data", "leaver", operator("client-go 0.36", "leaver"), replicas=3,
                              renewed=cluster.start - 300)
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


@incident(FOOLING, network=NodeAddresses, minutes=(16, 6), names_credentials=False,
          disorder=Disorder(shuffled=0.2, late=8, doubled=0.1, lost=0.05))
def clients_that_heal_behind_nat(cluster, truth):
    """The same behind NAT, with the events in disorder."""
    _healers(cluster)


def _healers(cluster):
    renewed = cluster.failure - HOUR - LEEWAY
    for index, name in enumerate(("phoenix", "lizard", "hydra", "starfish")):
        rereads = [AFTER_401, AFTER_TWO_401S, BY_CRASH, AFTER_401][index]
        what = client("fabric8 7", name, Poll(listing("pods"), 6), Poll(getting("configmaps", name), 9), rereads=rereads)
        cluster.workload("Deployment", "search", name, what, replicas=3, renewed=renewed + 15 * index)


@incident(FOOLING)
def forbidden_storm(cluster, truth):
    """A role is taken away and a controller is answered 403 ten times a second: its token is fine."""
    name = "beggar"
    beggar = cluster.workload("Deployment", "platform", name, poller("client-go 0.36", name, seconds=20), replicas=2)

    def beg(pod):
        process = pod.processes[0]
        if hasattr(process, "token"):
            from world.apiserver import Caller
            caller = Caller(cluster.network.of_pod(pod), process.client.agent)
            cluster.api.accept(listing("secrets", ""), caller, cluster.api.holder(process.token, cluster.now), code=403)
        cluster.after(0.4, lambda: beg(pod))

    for pod in beggar.pods:
        cluster.at(cluster.failure, lambda pod=pod: beg(pod))


@incident(FOOLING, log=LogStyle())
def clock_skew(cluster, truth):
    """The clock of whoever issues tokens runs three minutes ahead: new tokens are refused at first and good soon after; report,
    and restart nobody; without the log a try is allowed."""
    truth.whoever_fails("NotYetValid", verdict=NEVER, blind=MAY)
    fresh = [cluster.workload("Deployment", "shop", name, poller("python 37", name, seconds=6), replicas=3) for name in ("lark", "dawn")]

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
    ailing = dead(cluster, "Deployment", "shop", "ailing", poller("python 11", "ailing", seconds=4), pick(cluster, 4, 5, 6))
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
    depot = cluster.workload("StatefulSet", "data", "depot", operator("client-go 0.36", "depot"), nodes=pick(cluster, 2, 3),
                             replicas=2, renewed=cluster.start - 300)
    truth.broken(depot, "BoundObjectChanged", "PodTerminating", verdict=NEVER)

    def abandon():
        cluster.abandon(depot.pods[0])
        cluster.after(3, lambda: cluster.pod(depot, cluster.nodes[9], 0))

    cluster.at(cluster.failure, abandon)


@incident(FOOLING, network=NodeAddresses)
def administrator_on_a_node(cluster, truth):
    """On the node itself a person runs kubectl with a dead kubeconfig, beside a healthy pod that runs kubectl, too."""
    helper = client("kubectl", "helper", Poll(listing("pods", "shop"), 45))
    cluster.workload("Deployment", "shop", "helper", helper, nodes=pick(cluster, 5))
    knocks(cluster, cluster.nodes[5].ip, [listing("pods", "shop"), listing("pods", "default")],
           ["kubectl/v1.36.3 (linux/amd64) kubernetes/$Format"], 6, cluster.failure, cluster.end)


@incident(FOOLING)
def kubelet_without_certificate(cluster, truth):
    """A kubelet's bootstrap token is dead and it retries from its node's address, where pods of the host's network live, too."""
    shapes = [Shape("create", "certificatesigningrequests", group="certificates.k8s.io"), getting("nodes", "node-4", "")]
    knocks(cluster, cluster.nodes[4].ip, shapes, ["kubelet/v1.36.3 (linux/amd64) kubernetes/1b2c3d4"], 3, cluster.failure, cluster.end)


@incident(FOOLING, names_credentials=False)
def left_alone_by_policy(cluster, truth):
    """Dead, but not ours to restart: a Job, a kind that the policy does not list, and a Deployment that asks to be ignored."""
    for kind, name, more in (("Job", "errand", {}), ("CloneSet", "replicant", {}),
                             ("Deployment", "recluse", {"annotations": {"remint.dev/ignore": "true"}})):
        workload = dead(cluster, kind, "billing", name, poller("java 8", name), pick(cluster, 2), **more)
        truth.broken(workload, "Expired", verdict=NEVER)
