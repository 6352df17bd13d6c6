"""Incidents: a cluster, what befalls it, and the folder that tells of both."""

import gzip
import json
from dataclasses import dataclass, field

from .background import populate
from .chance import Chance
from .cluster import Cluster
from .disorder import Disorder, disturb
from .moments import micros, stamp
from .network import PodAddresses
from .serverlog import LogStyle, lines
from .truth import Truth

POD, NAT, GATEWAY, LOGS, COLD, FOOLING, PLANNED = (
    "pod addresses",
    "NAT with history",
    "gateway",
    "pods' logs",
    "without history",
    "not to be fooled",
    "planned",
)
CLASSES = [POD, NAT, GATEWAY, LOGS, COLD, FOOLING, PLANNED]

POLICY = """\
apiVersion: remint.dev/v1alpha1
kind: ClusterTokenRefreshPolicy
metadata:
  name: default
spec:
  mode: Enforce
  limits:  # wide: what is measured here is who is named, not how many at once
    maxPerHour: 10000
    maxConcurrent: 1000
"""
READS_LOGS = """\
  signals:
    podLog:
      enabled: true
"""

INCIDENTS = {}
compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Incident:
    name: str
    kind: str
    sentence: str
    befall: object  # (cluster, truth): adds the cast and plans what happens
    network: object = PodAddresses
    minutes: tuple = (12, 6)  # before and after the failure
    log: LogStyle | None = None
    pod_logs: bool = False  # what its programs print is kept
    disorder: Disorder = Disorder()
    heard_from: float | None = None  # seconds after the failure at which the recording begins
    neighbours: int = 40
    cluster: dict = field(default_factory=dict)


def incident(
    kind,
    *,
    network=PodAddresses,
    minutes=(12, 6),
    log=None,
    pod_logs=False,
    disorder=Disorder(),
    heard_from=None,
    neighbours=40,
    **cluster,
):
    """Registers a function; its docstring is the sentence on what a correct operator must do."""

    def register(befall):
        sentence = " ".join(befall.__doc__.split())
        INCIDENTS[befall.__name__] = Incident(
            befall.__name__, kind, sentence, befall, network, minutes, log, pod_logs, disorder, heard_from, neighbours, cluster
        )
        return befall

    return register


def simulate(incident, seed):
    truth = Truth()
    cluster = Cluster(seed, incident.name, incident.network(), incident.minutes, **incident.cluster)
    populate(cluster, incident.neighbours)
    incident.befall(cluster, truth)
    cluster.run()
    return cluster, truth


def write(incident, seed, folder):
    """Writes the incident's folder; returns the number of audit events in it."""
    cluster, truth = simulate(incident, seed)
    folder.mkdir(parents=True, exist_ok=True)
    heard = micros(cluster.start if incident.heard_from is None else cluster.failure + incident.heard_from)
    count = 0
    for server in range(cluster.api.servers):
        suffix = f"-{server}" if cluster.api.servers > 1 else ""
        written = sorted(
            ((stage, event) for stage, event, where in cluster.api.events if where == server and stage >= heard),
            key=lambda entry: entry[0],
        )
        events = disturb(written, incident.disorder, Chance(f"{incident.name}/{seed}/{server}"))
        count += len(events)
        _write_lines(folder / f"audit{suffix}.jsonl.gz", events)
        if incident.log:
            rejections = [
                rejection
                for rejection in cluster.api.rejections
                if rejection.where == server and rejection.line >= heard
            ]
            log = lines(rejections, incident.log, noise=range(heard, micros(cluster.end), 47_000_003))
            (folder / f"apiserver{suffix}.log").write_text("".join(line + "\n" for _, line in log))
    with open(folder / "objects.jsonl", "w") as out:
        out.writelines(compact(line) + "\n" for line in cluster.object_lines(heard))
    if incident.pod_logs:
        cluster.logs.write(folder / "pod-logs", heard)
    (folder / "policy.yaml").write_text(POLICY + (READS_LOGS if incident.pod_logs else ""))
    (folder / "truth.json").write_text(json.dumps(_told(incident, seed, cluster, truth), indent=1) + "\n")
    return count


def _write_lines(path, events):
    text = "".join(compact(event) + "\n" for event in events)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=1, mtime=0))


def _told(incident, seed, cluster, truth):
    return {
        "incident": incident.name,
        "class": incident.kind,
        "seed": seed,
        "sentence": incident.sentence,
        "log": incident.log is not None or incident.pod_logs,
        "extended": cluster.extended,
        "start": stamp(micros(cluster.start)),
        "failure": stamp(micros(cluster.failure)),
        "end": stamp(micros(cluster.end)),
        "workloads": truth.told(cluster),
    }
