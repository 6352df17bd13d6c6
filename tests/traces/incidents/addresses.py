"""Pod addresses visible: every 401 has its sender's address."""

from world.clients import BY_CRASH
from world.disorder import Disorder
from world.incident import POD, incident
from world.network import SecondAddresses
from world.serverlog import LogStyle
from world.workloads import Part

from .cast import expires, dying_age, operator, pick, poller, watcher


@incident(POD, log=LogStyle(), names_credentials=False)
def one_dead_deployment(cluster, truth):
    """One Deployment's tokens expire and its three pods never read again: restart exactly it."""
    expires(cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier"), pick(cluster, 2, 7, 11))


@incident(POD, log=LogStyle(json=True), names_credentials=False)
def many_at_once(cluster, truth):
    """Workloads of five kinds die within a minute: name each of them, and none of their neighbours."""
    cast = [
        ("Deployment", "courier", operator("client-go v8", "courier"), (1, 2)),
        ("StatefulSet", "keeper", poller("java 8", "keeper", "endpoints"), (1, 3)),
        ("ReplicaSet", "porter", poller("javascript 0.10", "porter", "pods"), (2,)),
        ("ReplicationController", "waiter", poller("okhttp", "waiter", "services"), (3, 4)),
        ("Pod", "hermit", poller("curl", "hermit", seconds=15), (4,)),
    ]
    for late, (kind, name, what, nodes) in enumerate(cast):
        expires(cluster, truth, kind, "billing", name, what, pick(cluster, *nodes), late=late * 12)


@incident(POD, log=LogStyle(old=True), names_credentials=False, old=True)
def one_dead_replica(cluster, truth):
    """Of three replicas only the oldest has reached its token's end: name the workload; its other pods are healthy."""
    what = operator("client-go v8", "surveyor")
    survey = cluster.workload(
        "Deployment", "edge", "surveyor", what, replicas=3, nodes=pick(cluster, 5), age=dying_age(cluster)
    )
    for index in (6, 7):
        cluster.pod(survey, cluster.nodes[index], created=cluster.start - 200, early=True)
    truth.broken(survey, "Expired", pods=survey.pods[:1])


@incident(POD, log=LogStyle())
def service_account_recreated(cluster, truth):
    """A ServiceAccount is deleted and created again: both workloads that use it are dead, even those that re-read their file,
    until the kubelet renews it: restart them at once."""
    renewed = cluster.start - 300
    for kind, name, what in (
        ("Deployment", "actuary", operator("client-go 0.36", "actuary")),
        ("StatefulSet", "bursar", poller("python 37", "bursar", "secrets")),
    ):
        workload = cluster.workload(kind, "billing", name, what, replicas=2, account="finance", renewed=renewed)
        truth.broken(workload, "ServiceAccountRecreated", blind_diagnoses=["ServiceAccountRecreated"])
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("billing", "finance")))


@incident(POD, log=LogStyle(), minutes=(10, 6), neighbours=25)
def signing_key_rotated(cluster, truth):
    """The API server comes back with another signing key and refuses everybody within seconds: name all that keep failing, as
    one storm with one cause; a paced or asked-for restart is right."""
    truth.whoever_fails("SigningKeyChanged", by=("Restart", "Wait", "Ask"))
    cluster.at(cluster.failure, cluster.rotate_key)


@incident(POD, log=LogStyle(old=True), old=True)
def legacy_secret_regenerated(cluster, truth):
    """A legacy token's Secret gets new content: the Deployment that read it at its start is dead."""
    cluster.secret_token("platform", "smith-token")
    smith = cluster.workload(
        "Deployment",
        "platform",
        "smith",
        poller("Go http", "smith", "secrets"),
        replicas=2,
        mounts_token=False,
        secret="smith-token",
    )
    truth.broken(smith, "SecretRegenerated", blind_diagnoses=["Unknown", "SecretRegenerated"])
    cluster.at(cluster.failure, lambda: cluster.regenerate_secret("platform", "smith-token"))


@incident(POD, log=LogStyle())
def statefulset_pod_recreated(cluster, truth):
    """A StatefulSet's pod comes back under its old name and uses the token that its predecessor left on its volume: the log names
    the pod that now has the name, and its workload is the one to restart."""
    depot = cluster.workload(
        "StatefulSet", "data", "depot", poller("python 11", "depot", seconds=8), replicas=2, age=1500
    )
    truth.broken(depot, "BoundObjectChanged")

    def recreate():
        old = depot.pods[0]
        cluster.delete(old)
        cluster.after(6, lambda: cluster.pod(depot, old.node, 0, token=old.file.first()))

    cluster.at(cluster.failure, recreate)


@incident(POD, names_credentials=False, heard_from=20)
def cold_start_with_addresses(cluster, truth):
    """Remint starts while two workloads are failing already: their addresses name them, history or not."""
    expires(cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier"), pick(cluster, 2, 7))
    expires(cluster, truth, "DaemonSet", "edge", "lookout", poller("java 8", "lookout", "nodes", ""), cluster.nodes[:6])


@incident(POD, names_credentials=False, log=LogStyle(), disorder=Disorder(shuffled=0.3, late=20, doubled=0.1, lost=0.1))
def disordered_with_addresses(cluster, truth):
    """Events come late, twice, out of order, and a tenth never: the dead are named all the same, the replaced are not."""
    expires(
        cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier", seconds=6), pick(cluster, 2, 7)
    )
    expires(cluster, truth, "StatefulSet", "data", "keeper", operator("client-go v8", "keeper"), pick(cluster, 3))


@incident(POD, names_credentials=False)
def rolling_updates_with_addresses(cluster, truth):
    """Healthy Deployments are rolled out all the time, addresses come and go; one Deployment is dead: it alone is named."""
    expires(cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier"), pick(cluster, 2, 7))
    for name in ("runner", "jumper", "hurdler"):
        workload = cluster.workload("Deployment", "search", name, poller("python 37", name), replicas=4)
        for count in range(14):
            cluster.at(cluster.start + 20 + 75 * count, lambda workload=workload: cluster.rollout(workload))


@incident(POD, log=LogStyle())
def address_reused_within_minutes(cluster, truth):
    """An address goes from a healthy workload's pod to another's, whose ServiceAccount is recreated minutes later: the present
    holder is dead, the former is not to be spoken of."""
    heir = cluster.workload("Deployment", "data", "heir", poller("java 8", "heir", "endpoints"), replicas=0, nodes=[])
    cluster.at(cluster.failure - 121, lambda: cluster.scale(heir, 2))
    former = cluster.workload(
        "Deployment",
        "shop",
        "former",
        poller("java 8", "former", "endpoints"),
        replicas=2,
        nodes=pick(cluster, 4, 5),
        age=1500,
    )
    for pod in list(former.pods):
        cluster.at(cluster.failure - 240, lambda pod=pod: cluster.replace(pod))
        cluster.at(cluster.failure - 120, lambda pod=pod: cluster.pod(heir, pod.node, ip=pod.ip))
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("data", "heir")))
    truth.broken(heir, "ServiceAccountRecreated", blind_diagnoses=["ServiceAccountRecreated"])


@incident(POD, log=LogStyle(httplog=True), names_credentials=False)
def mixed_reasons(cluster, truth):
    """Within the same seconds tokens expire, a ServiceAccount is recreated and a Secret regenerated: each has its own reason."""
    expires(
        cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier", seconds=4), pick(cluster, 2, 7)
    )
    envoy = cluster.workload(
        "Deployment", "edge", "envoy-x", operator("client-go 0.36", "envoy-x"), replicas=2, renewed=cluster.start - 300
    )
    truth.broken(envoy, "ServiceAccountRecreated", blind_diagnoses=["ServiceAccountRecreated"])
    cluster.secret_token("platform", "smith-token")
    smith = cluster.workload(
        "Deployment",
        "platform",
        "smith",
        poller("Go http", "smith", seconds=4),
        replicas=2,
        mounts_token=False,
        secret="smith-token",
    )
    truth.broken(smith, "SecretRegenerated")
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("edge", "envoy-x")))
    cluster.at(cluster.failure, lambda: cluster.regenerate_secret("platform", "smith-token"))


@incident(POD, log=LogStyle(), names_credentials=False)
def one_container_of_two(cluster, truth):
    """A pod's sidecar keeps its token fresh while its main program fails on and on: the pod is broken for all that."""
    parts = (
        Part("main", "registry.example/shop/teller:3", poller("python 11", "teller")),
        Part("sidecar", "registry.example/mesh/agent:9", poller("kube-rs 5", "agent", "endpoints", seconds=15)),
    )
    expires(cluster, truth, "Deployment", "shop", "teller", None, pick(cluster, 1, 2), parts=parts)


@incident(POD, log=LogStyle(), minutes=(12, 8))
def crashing_clients(cluster, truth):
    """A program that exits at its first 401 finds the same dead token at every start until the kubelet renews it: few 401s,
    minutes apart, and broken all the same."""
    what = poller("python 37", "faller", seconds=5, rereads=BY_CRASH)
    faller = cluster.workload("Deployment", "edge", "faller", what, replicas=2, renewed=cluster.start - 300)
    truth.broken(faller, "ServiceAccountRecreated", blind_diagnoses=["ServiceAccountRecreated"])
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("edge", "faller")))


@incident(POD, log=LogStyle(), names_credentials=False, servers=2)
def two_api_servers(cluster, truth):
    """Two API servers write two audit logs and two logs: the dead speak to both, and a line belongs to its own server's events."""
    expires(cluster, truth, "Deployment", "shop", "cashier", operator("client-go v8", "cashier"), pick(cluster, 2, 7))
    envoy = cluster.workload(
        "Deployment", "edge", "envoy-x", operator("client-go 0.36", "envoy-x"), replicas=2, renewed=cluster.start - 300
    )
    truth.broken(envoy, "ServiceAccountRecreated", blind_diagnoses=["ServiceAccountRecreated"])
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("edge", "envoy-x")))


@incident(POD, network=SecondAddresses, names_credentials=False)
def second_addresses(cluster, truth):
    """A dual-stack cluster: the 401s come from the pods' IPv6 addresses, which are the second ones in their status."""
    expires(cluster, truth, "Deployment", "shop", "cashier", poller("python 11", "cashier"), pick(cluster, 2, 7))


@incident(POD, names_credentials=False, minutes=(12, 9))
def quiet_watchers_with_addresses(cluster, truth):
    """A token expires under open watches: nothing is seen until the watches end, minutes later; then it is named."""
    expires(
        cluster, truth, "Deployment", "search", "owl", watcher("client-go v8", "owl"), pick(cluster, 3, 8), late=-200
    )
