"""Client libraries as they are: what they call themselves, how they ask, and when they read their token again."""

from dataclasses import dataclass, field

from .shapes import Shape

GO_AGENT = "{binary}/v0.0.0 (linux/amd64) kubernetes/$Format"


@dataclass(frozen=True)
class Rereads:
    """When a process reads its token file again: after `seconds`; after `failures` rejections in a row, and then it tries the
    call again at once; or when it starts anew because it `crashes` at that many rejections. None of these: never."""

    seconds: float | None = None
    failures: int | None = None
    crashes: int | None = None


NEVER = Rereads()
TIMER = Rereads(seconds=60)
SLOW_TIMER = Rereads(seconds=300)
AFTER_401 = Rereads(failures=1)
AFTER_TWO_401S = Rereads(failures=2)
ALWAYS = Rereads(seconds=0)
BY_CRASH = Rereads(crashes=1)


@dataclass(frozen=True)
class Poll:
    """A loop of the program's own: asks every so often, and goes on at the same pace when it is refused."""

    shape: Shape
    seconds: float


@dataclass(frozen=True)
class Watch:
    """A reflector: a list, then watches of 5 to 10 minutes; refused, it tries again with a back-off of up to 30 s."""

    shape: Shape  # of the list
    watch_list: bool = False  # client-go 0.35 and newer: a WATCH and then a LIST per try


@dataclass(frozen=True)
class Elect:
    """Leader election: renews a lease; refused, it retries every 2 to 4 s."""

    name: str
    seconds: float = 5


@dataclass(frozen=True)
class Client:
    style: str
    agent: str | None
    rereads: Rereads
    calls: tuple = field(default=())
    elect_agent: str | None = None  # where leader election has a name of its own
    prints: object = None  # what it writes into its log when it is refused: a voice of podlog.py


STYLES = {
    "client-go 0.36": (GO_AGENT, TIMER),
    "client-go 0.36, token copied": ("{binary}/1.4.2", NEVER),
    "client-go v10": (GO_AGENT, SLOW_TIMER),
    "client-go v8": (GO_AGENT, NEVER),
    "controller-runtime": (GO_AGENT, TIMER),
    "python 11": ("OpenAPI-Generator/11.0.0/python", NEVER),
    "python 37": ("OpenAPI-Generator/37.0.0/python", TIMER),
    "javascript 0.10": (None, NEVER),
    "javascript 1.4": ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", TIMER),
    "kube-rs 5": (None, TIMER),
    "java 8": ("OpenAPI-Generator/1.0-SNAPSHOT/java", NEVER),
    "java 27": ("Kubernetes Java Client/27.0.0-SNAPSHOT", TIMER),
    "fabric8 7": ("fabric8-kubernetes-client/7.3.1", AFTER_401),
    "okhttp": ("okhttp/4.9.3", NEVER),
    "Go http": ("Go-http-client/2.0", NEVER),
    "curl": ("curl/7.88.1", NEVER),
    "kubectl": ("kubectl/v1.36.3 (linux/amd64) kubernetes/$Format", ALWAYS),
}


def client(style, binary, *calls, rereads=None, prints=None):
    agent, usual = STYLES[style]
    agent = agent and agent.format(binary=binary)
    elect_agent = agent + "/leader-election" if style == "controller-runtime" else agent
    return Client(style, agent, usual if rereads is None else rereads, tuple(calls), elect_agent, prints)
