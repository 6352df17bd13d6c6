"""Source NAT: every pod shows its node's address, and the history tells who used to call from there, how."""

from world.clients import NEVER, Elect, Poll, Watch, client
from world.disorder import Disorder
from world.incident import NAT, incident
from world.network import NodeAddresses, PodAddresses
from world.serverlog import LogStyle
from world.shapes import getting, listing
from world.tokens import HOUR
from world.trust import LEEWAY
from world.truth import MAY, REFUSE
from world.workloads import Part

from .cast import dead, expires, dying_age, operator, pick, poller, reader, watcher


@incident(NAT, network=NodeAddresses, log=LogStyle(), names_credentials=False)
def nat_distinct_agents(cluster, truth):
    """Behind its node's address one pod dies whose user agent nobody else there has: the history names it."""
    expires(cluster, truth, "Deployment", "shop", "cashier", operator("client-go v8", "cashier"), pick(cluster, 3))
    cluster.workload("Deployment", "data", "keeper", operator("client-go 0.36", "keeper"), nodes=pick(cluster, 3))


@incident(NAT, network=NodeAddresses, log=LogStyle(json=True), names_credentials=False)
def nat_generic_agents(cluster, truth):
    """Three workloads on one node call themselves the same and ask for different things; one dies: what it asks for names it."""
    node = pick(cluster, 5)
    expires(cluster, truth, "Deployment", "billing", "actuary", poller("okhttp", "actuary", "secrets"), node)
    for namespace, name, resource in (("shop", "grocer", "secrets"), ("billing", "bursar", "endpoints")):
        cluster.workload("Deployment", namespace, name, poller("okhttp", name, resource), nodes=node, age=1500)


@incident(NAT, network=NodeAddresses, names_credentials=False)
def nat_absent_agents(cluster, truth):
    """Programs without any user agent: two on the node, told apart by the objects they ask for; one dies."""
    node = pick(cluster, 6)
    what = reader("javascript 0.10", "usher", "configmaps", "usher-settings")
    expires(cluster, truth, "StatefulSet", "search", "usher", what, node)
    cluster.workload(
        "Deployment", "search", "warden", reader("kube-rs 5", "warden", "configmaps", "warden-settings"), nodes=node
    )


@incident(NAT, network=NodeAddresses, names_credentials=False)
def nat_twins_one_silent(cluster, truth):
    """Two workloads on one node are the same in everything; one falls silent while the other is accepted on and on: it is the
    silent one."""
    node = pick(cluster, 7)
    what = poller("python 11", "twin", "pods", "")
    expires(cluster, truth, "Deployment", "shop", "castor", what, node)
    cluster.workload("Deployment", "shop", "pollux", what, nodes=node, age=1500)


@incident(NAT, network=NodeAddresses, names_credentials=False)
def nat_twins_both_silent(cluster, truth):
    """Two workloads on one node are the same in everything; one dies in the very second in which the other has nothing left to
    do: nobody can know which, and a restart of either is a guess."""
    node = pick(cluster, 7)
    what = poller("python 11", "twin", "pods", "")
    expires(cluster, truth, "Deployment", "shop", "castor", what, node, verdict=REFUSE)
    pollux = cluster.workload("Deployment", "shop", "pollux", what, nodes=node, age=1500)
    cluster.at(cluster.failure, lambda: pollux.pods[0].processes[0].stop())


@incident(NAT, network=NodeAddresses, log=LogStyle(), names_credentials=False)
def nat_two_replicas_one_dead(cluster, truth):
    """Two replicas of one Deployment share a node and one of them dies: which workload it is, is certain all the same."""
    survey = cluster.workload(
        "Deployment",
        "edge",
        "surveyor",
        operator("client-go v8", "surveyor"),
        nodes=pick(cluster, 5),
        age=dying_age(cluster),
    )
    cluster.pod(survey, cluster.nodes[5], created=cluster.start - 200, early=True)
    survey.replicas = 2
    truth.broken(survey, "Expired", pods=survey.pods[:1])


@incident(NAT, network=NodeAddresses, log=LogStyle(old=True), names_credentials=False, old=True)
def nat_three_at_once(cluster, truth):
    """Three workloads on one node die within the same half minute: all three are named, each by its own callers."""
    node = pick(cluster, 9)
    for late, (name, what) in enumerate(
        (
            ("cashier", operator("client-go v8", "cashier")),
            ("actuary", poller("okhttp", "actuary", "secrets")),
            ("usher", poller("javascript 0.10", "usher", "endpoints")),
        )
    ):
        expires(cluster, truth, "Deployment", "billing", name, what, node, late=late * 10)


@incident(NAT, network=PodAddresses, names_credentials=False)
def host_network_daemonset(cluster, truth):
    """Pods of the host's network have their node's address even where others show their own: a DaemonSet dies on all nodes."""
    what = poller("java 8", "lookout", "nodes", "")
    lookout = dead(cluster, "DaemonSet", "edge", "lookout", what, cluster.nodes, host_network=True)
    truth.broken(lookout, "Expired")


@incident(NAT, network=NodeAddresses, names_credentials=False)
def nat_rolling_updates(cluster, truth):
    """Behind NAT, with healthy Deployments rolled out all the time on the same nodes: the dead one is named, no newcomer is."""
    expires(cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier"), pick(cluster, 2, 7))
    for name in ("runner", "jumper", "hurdler"):
        workload = cluster.workload("Deployment", "search", name, poller("python 37", name), replicas=4)
        for count in range(14):
            cluster.at(cluster.start + 20 + 75 * count, lambda workload=workload: cluster.rollout(workload))


@incident(NAT, network=NodeAddresses, names_credentials=False, minutes=(15, 9))
def nat_quiet_watchers(cluster, truth):
    """Two programs behind one node do nothing but watch; one's token dies under its open watch: what is seen of it is its next
    list, minutes later; it is named, and the other, as quiet as ever, is not."""
    node = pick(cluster, 11)
    expires(cluster, truth, "Deployment", "search", "owl", watcher("client-go v8", "owl"), node, late=-200)
    cluster.workload("Deployment", "search", "heron", watcher("client-go 0.36", "heron", "endpoints"), nodes=node)


@incident(NAT, network=NodeAddresses, log=LogStyle())
def nat_service_account_recreated(cluster, truth):
    """Behind NAT a ServiceAccount is recreated: both of its workloads are dead, and the log names the account's present UID."""
    renewed = cluster.start - 300
    for kind, name, what in (
        ("Deployment", "actuary", operator("client-go 0.36", "actuary")),
        ("StatefulSet", "bursar", poller("python 37", "bursar", "secrets")),
    ):
        workload = cluster.workload(kind, "billing", name, what, replicas=2, account="finance", renewed=renewed)
        truth.broken(workload, "ServiceAccountRecreated", blind_diagnoses=["ServiceAccountRecreated"])
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("billing", "finance")))


@incident(
    NAT,
    network=NodeAddresses,
    names_credentials=False,
    log=LogStyle(),
    disorder=Disorder(shuffled=0.3, late=20, doubled=0.1, lost=0.1),
)
def nat_disordered(cluster, truth):
    """Behind NAT, with events late, twice, out of order and a tenth lost: the dead are named, and late successes clear nobody
    who has died since."""
    expires(
        cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier", seconds=6), pick(cluster, 2)
    )
    expires(cluster, truth, "StatefulSet", "data", "keeper", operator("client-go v8", "keeper"), pick(cluster, 3))


@incident(NAT, network=NodeAddresses, names_credentials=False, log=LogStyle(httplog=True))
def nat_mixed_reasons(cluster, truth):
    """On one node, within the same seconds, one workload's token expires and another's ServiceAccount is recreated."""
    node = pick(cluster, 4)
    expires(cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier", seconds=4), node)
    envoy = cluster.workload(
        "Deployment", "edge", "envoy-x", operator("client-go 0.36", "envoy-x"), nodes=node, renewed=cluster.start - 300
    )
    truth.broken(envoy, "ServiceAccountRecreated", blind_diagnoses=["ServiceAccountRecreated"])
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("edge", "envoy-x")))


@incident(NAT, network=NodeAddresses, names_credentials=False, minutes=(16, 6), log=LogStyle())
def nat_stale_mount(cluster, truth):
    """After a restart of its kubelet a node's containers see an old mount: two programs re-read their file every minute and find
    the same dead token in it: both are named."""
    renewed = cluster.failure - HOUR - LEEWAY
    for kind, name, style, resource in (
        ("Deployment", "cashier", "client-go 0.36", "pods"),
        ("StatefulSet", "keeper", "python 37", "secrets"),
    ):
        workload = cluster.workload(
            kind, "shop", name, poller(style, name, resource), nodes=pick(cluster, 6), renewed=renewed
        )
        workload.pods[0].file.frozen_since = cluster.start
        truth.broken(workload, "Expired")


@incident(NAT, network=NodeAddresses, names_credentials=False)
def nat_one_container_of_two(cluster, truth):
    """Behind NAT a pod's main program fails while its sidecar is accepted: to name it is right, to hold back is allowed."""
    parts = (
        Part("main", "registry.example/shop/teller:3", poller("python 11", "teller")),
        Part("sidecar", "registry.example/mesh/agent:9", poller("kube-rs 5", "agent", "endpoints", seconds=15)),
    )
    expires(cluster, truth, "Deployment", "shop", "teller", None, pick(cluster, 1), parts=parts, verdict=MAY)


@incident(NAT, network=NodeAddresses, names_credentials=False)
def nat_two_agents_in_one_pod(cluster, truth):
    """One program with two user agents, one of its own and one for leader election, dies: one workload, not two suspects."""
    what = client(
        "controller-runtime",
        "marshal",
        Watch(listing("pods", "")),
        Elect("marshal", 4),
        Poll(getting("configmaps", "marshal"), 20),
        rereads=NEVER,
    )
    expires(cluster, truth, "Deployment", "platform", "marshal", what, pick(cluster, 8))
    cluster.workload(
        "Deployment", "platform", "sheriff", operator("controller-runtime", "sheriff"), nodes=pick(cluster, 8)
    )


@incident(NAT, network=NodeAddresses, names_credentials=False)
def nat_bare_pod_and_controllers(cluster, truth):
    """A bare pod, a ReplicationController and a ReplicaSet die on three crowded nodes: each is named as what it is."""
    for kind, name, style, resource, node in (
        ("Pod", "hermit", "curl", "services", 1),
        ("ReplicationController", "waiter", "okhttp", "pods", 2),
        ("ReplicaSet", "porter", "java 8", "endpoints", 3),
    ):
        expires(cluster, truth, kind, "data", name, poller(style, name, resource), pick(cluster, node))
        cluster.workload(
            "Deployment", "edge", f"crowd-{node}", poller("python 37", "crowd", resource), nodes=pick(cluster, node) * 4
        )


@incident(NAT, network=NodeAddresses, log=LogStyle(), minutes=(10, 6), neighbours=25)
def nat_signing_key_rotated(cluster, truth):
    """Behind NAT the signing key changes and everybody is refused at once: whoever the history can tell apart may be named; it is
    one storm, and a paced or asked-for restart is right."""
    truth.whoever_fails("SigningKeyChanged", verdict=MAY, by=("Restart", "Wait", "Ask"))
    cluster.at(cluster.failure, cluster.rotate_key)
