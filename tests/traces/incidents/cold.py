"""Behind NAT without history: Remint starts while things fail already. To refuse is right, to guess is not."""

from world.incident import COLD, incident
from world.network import Gateways, NodeAddresses
from world.serverlog import LogStyle
from world.truth import MAY, REFUSE

from .cast import expires, operator, pick, poller


@incident(COLD, network=NodeAddresses, names_credentials=False, heard_from=20)
def cold_nat(cluster, truth):
    """Nothing was seen before the failure: a node's address and a user agent that looks like somebody's image prove nothing.
    Only a watch that was begun before can still tell, when it ends: that event names its pod, and then it may be restarted.
    """
    expires(
        cluster,
        truth,
        "Deployment",
        "shop",
        "cashier",
        operator("client-go v8", "cashier"),
        pick(cluster, 3),
        verdict=MAY,
    )
    cluster.workload(
        "Deployment", "shop", "cashier-canary", operator("client-go v8", "cashier"), nodes=pick(cluster, 3), age=1500
    )


@incident(COLD, network=NodeAddresses, names_credentials=False, heard_from=20)
def cold_nat_generic_agents(cluster, truth):
    """Without history, with user agents that half the node shares: refuse."""
    expires(
        cluster,
        truth,
        "Deployment",
        "billing",
        "actuary",
        poller("okhttp", "actuary", "pods", ""),
        pick(cluster, 5),
        verdict=REFUSE,
    )
    cluster.workload(
        "Deployment", "billing", "bursar", poller("okhttp", "bursar", "pods", ""), nodes=pick(cluster, 5), age=1500
    )


@incident(COLD, network=Gateways, names_credentials=False, heard_from=20, log=LogStyle())
def cold_gateway(cluster, truth):
    """Without history behind a gateway: the log says that a token has expired, and not whose: refuse."""
    expires(
        cluster, truth, "StatefulSet", "data", "keeper", poller("java 8", "keeper"), pick(cluster, 8), verdict=REFUSE
    )


@incident(COLD, network=NodeAddresses, heard_from=20, log=LogStyle())
def cold_nat_named_by_log(cluster, truth):
    """Without history, but the log gives the present UID of the ServiceAccount, and one workload on the node uses it: with the
    log that is an answer, without it there is none."""
    envoy = cluster.workload(
        "Deployment",
        "edge",
        "envoy-x",
        operator("client-go 0.36", "envoy-x"),
        nodes=pick(cluster, 4),
        renewed=cluster.start - 300,
    )
    truth.broken(
        envoy, "ServiceAccountRecreated", verdict=MAY, blind=MAY, blind_diagnoses=["ServiceAccountRecreated", "Unknown"]
    )
    cluster.at(cluster.failure, lambda: cluster.recreate_account(("edge", "envoy-x")))
