"""One workload for each strategy: how it is set up and ordered, and what must be true of it at the end.

`look` takes what must not change; `whole` compares. The names of the strategies are the keys of SUBJECTS.
"""

from dataclasses import dataclass, field

from .hand_made import order
from .workload import RESTARTED_AT


@dataclass(frozen=True)
class Subject:
    strategy: str
    creator: str  # a method of Space
    replicas: int | None = None
    accused: int | None = None  # how many pods are named in the order; None: none, so all are restarted
    options: dict = field(default_factory=dict)
    keeps_endpoints: bool = False  # the Service never has fewer endpoints than the budget below
    owner_replaced: bool = False  # the workload is another object of the same name afterwards

    def create(self, space, wait=True):
        size = {} if self.replicas is None else {"replicas": self.replicas}
        workload = getattr(space, self.creator)("web", **size)
        space.service(workload)
        return workload.wait_ready() if wait else workload

    def order(self, workload, **extra):
        spec = {"options": self.options} if self.options else {}
        if self.accused:
            spec["pods"] = sorted(pod.metadata.name for pod in workload.live_pods())[: self.accused]
        return order(workload, self.strategy, **(spec | extra))

    @property
    def size(self):
        return self.replicas or 1

    @property
    def restarted(self):
        """How many pods are replaced."""
        return self.accused or self.size

    @property
    def fewest_endpoints(self):
        """RollingReplace adds before it takes away; an eviction takes one away first."""
        return self.size - (1 if self.strategy == "EvictPods" else 0)


SUBJECTS = {
    subject.strategy: subject
    for subject in (
        Subject("RolloutRestart", "deployment", 2),
        Subject("EvictPods", "replica_set", 3, accused=2, keeps_endpoints=True),
        Subject("ScaleToZero", "replication_controller", 2),
        Subject(
            "RollingReplace", "replication_controller", 2,
            options={"updatePeriod": "0s"}, keeps_endpoints=True, owner_replaced=True,
        ),
        Subject("Recreate", "bare_pod", owner_replaced=True),
    )
}


def look(workload):
    """What a person would recognise the workload by: everything that restarting it must leave as it was."""
    plain = workload.space.cluster.api_client().sanitize_for_serialization(workload.read())
    metadata, spec = plain["metadata"], plain["spec"]
    kept = {key: metadata.get(key) for key in ("name", "labels", "ownerReferences", "finalizers")}
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop("deployment.kubernetes.io/revision", None)
    annotations.pop("remint.dev/restarted-by", None)  # what was made anew says by which restart
    kept["annotations"] = annotations
    template = spec.get("template", {})
    (template.get("metadata", {}).get("annotations") or {}).pop(RESTARTED_AT, None)
    if template.get("metadata", {}).get("annotations") == {}:
        del template["metadata"]["annotations"]
    kept["spec"] = _pod_spec(spec) if workload.kind == "Pod" else spec
    return kept


def _pod_spec(spec):
    """Without what the scheduler and admission choose anew for every pod."""
    spec = {key: value for key, value in spec.items() if key != "nodeName"}
    injected = {v["name"] for v in spec.get("volumes") or [] if v["name"].startswith("kube-api-access-")}
    spec["volumes"] = [v for v in spec.get("volumes") or [] if v["name"] not in injected]
    for container in spec["containers"]:
        container["volumeMounts"] = [
            mount for mount in container.get("volumeMounts") or [] if mount["name"] not in injected
        ]
    return spec


def controllers(space):
    """kind/name of every controller of pods in the namespace but the ReplicaSets of Deployments."""
    found = {f"ReplicationController/{i.metadata.name}" for i in _list(space.core, "replication_controller", space)}
    for noun in ("deployment", "stateful_set", "daemon_set"):
        found |= {f"{noun}/{item.metadata.name}" for item in _list(space.apps, noun, space)}
    for item in _list(space.apps, "replica_set", space):
        if not item.metadata.owner_references:
            found.add(f"ReplicaSet/{item.metadata.name}")
    return found


def orphans(space):
    """Living pods in the namespace without a controller."""
    pods = space.core.list_namespaced_pod(space.name).items
    return [
        pod.metadata.name
        for pod in pods
        if pod.metadata.deletion_timestamp is None
        and not any(owner.controller for owner in pod.metadata.owner_references or [])
    ]


def _list(api, noun, space):
    return getattr(api, f"list_namespaced_{noun}")(space.name).items
