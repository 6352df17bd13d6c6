"""Nodes, workloads and pods, as far as the simulation needs to know them."""

from dataclasses import dataclass, field

from .clients import Client
from .tokens import API_AUDIENCE, HOUR


@dataclass(eq=False)
class Node:
    index: int
    name: str
    uid: str
    ip: str
    cidr: str  # the first three octets of its pods' addresses
    last: int = 1

    def next_ip(self):
        self.last += 1
        return f"{self.cidr}.{self.last}"


@dataclass(frozen=True)
class Part:
    """A container and the client in it; without a client it never calls the API server."""

    container: str
    image: str
    client: Client | None = None
    command: tuple = ()


@dataclass(eq=False)
class Revision:
    hash: str
    uid: str
    created: float
    replicas: int


@dataclass(eq=False)
class Workload:
    kind: str
    namespace: str
    name: str
    uid: str
    created: float
    account: tuple  # (namespace, name)
    parts: tuple
    replicas: int = 1
    host_network: bool = False
    mounts_token: bool = True
    token_seconds: int = HOUR
    audience: str = API_AUDIENCE
    secret: str = ""  # a legacy token's Secret, read instead of the projected file
    annotations: dict = field(default_factory=dict)
    renewed: float | None = None  # when the kubelet last renewed the tokens of its old pods
    generation: int = 1
    revision: Revision | None = None
    pods: list = field(default_factory=list)

    def reference(self):
        return {"namespace": self.namespace, "kind": self.kind, "name": self.name, "uid": self.uid}


@dataclass(eq=False)
class Pod:
    workload: Workload
    name: str
    uid: str
    node: Node
    ip: str
    created: float
    started: float
    owners: list
    revision: Revision | None = None
    ip6: str = ""
    deleted: float | None = None  # when the deletion was asked for
    grace: int = 30
    gone: bool = False
    file: object = None  # its TokenFile
    processes: list = field(default_factory=list)
    restarts: dict = field(default_factory=dict)
    container_started: dict = field(default_factory=dict)
    rejections: list = field(default_factory=list)  # times: the truth, not the record
    successes: list = field(default_factory=list)

    @property
    def namespace(self):
        return self.workload.namespace
