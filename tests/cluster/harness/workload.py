"""One workload of a namespace, of any kind that Remint restarts, and questions about it."""

from kubernetes.client.exceptions import ApiException

from .wait import wait_until

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

# kind -> the client's API object of a Space, and its noun in the client's method names
_NOUNS = {
    "Deployment": ("apps", "deployment"),
    "StatefulSet": ("apps", "stateful_set"),
    "DaemonSet": ("apps", "daemon_set"),
    "ReplicaSet": ("apps", "replica_set"),
    "ReplicationController": ("core", "replication_controller"),
    "Pod": ("core", "pod"),
}
# These keep every template of the past, so that rollouts can be counted afterwards.
_WITH_HISTORY = ("Deployment", "StatefulSet", "DaemonSet")


class Workload:
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController or bare pod."""

    def __init__(self, space, kind, name):
        self.space = space
        self.kind = kind
        self.name = name
        self.selector = f"app={name}"
        self._api, self._noun = _NOUNS[kind]

    def __str__(self):
        return f"{self.kind} {self.space.name}/{self.name}"

    def call(self, verb, *arguments, **options):
        """The client's method for this kind, e.g. call("read", name, namespace)."""
        return getattr(getattr(self.space, self._api), f"{verb}_namespaced_{self._noun}")(*arguments, **options)

    def read(self):
        return self.call("read", self.name, self.space.name)

    def patch(self, body):
        return self.call("patch", self.name, self.space.name, body)

    def delete(self, **options):
        return self.call("delete", self.name, self.space.name, **options)

    def scale(self, replicas):
        """As a person does it: through the scale subresource."""
        method = getattr(getattr(self.space, self._api), f"patch_namespaced_{self._noun}_scale")
        return method(self.name, self.space.name, {"spec": {"replicas": replicas}})

    def annotate(self, annotations):
        return self.patch({"metadata": {"annotations": annotations}})

    @property
    def api_version(self):
        return "apps/v1" if self._api == "apps" else "v1"

    @property
    def uid(self):
        return self.read().metadata.uid

    def pods(self):
        """Its pods, the terminating ones too."""
        return self.space.core.list_namespaced_pod(self.space.name, label_selector=self.selector).items

    def live_pods(self):
        return [pod for pod in self.pods() if pod.metadata.deletion_timestamp is None]

    def pod_uids(self):
        return {pod.metadata.uid for pod in self.live_pods()}

    def ready(self):
        """Rolled out: every replica is of the newest template, ready, and has its address."""
        item, pods = self.read(), self.pods()
        if not pods or not all(pod.status.pod_ip for pod in pods):
            return False
        if self.kind == "Pod":
            return any(c.type == "Ready" and c.status == "True" for c in item.status.conditions or [])
        if (item.status.observed_generation or 0) < item.metadata.generation:
            return False
        status = item.status
        if self.kind == "DaemonSet":
            counts = status.desired_number_scheduled, status.updated_number_scheduled, status.number_ready
        elif self.kind in _WITH_HISTORY:
            counts = item.spec.replicas, status.updated_replicas, status.ready_replicas
        else:
            counts = item.spec.replicas, status.replicas, status.ready_replicas
        return {count or 0 for count in counts} == {len(pods)}

    def wait_ready(self, timeout=60):
        wait_until(self.ready, timeout, f"{self} to be rolled out", swallow=(ApiException, OSError))
        return self

    def restarts(self):
        """The `restartedAt` stamps it ever had, oldest first: one for each rollout restart.

        Read from its ReplicaSets or ControllerRevisions, which keep every template of the past: so
        nothing is missed, whatever happened to the watcher, the operator or the API server.
        """
        return sorted({_annotations_of_template(item).get(RESTARTED_AT) for item in self._history()} - {None})

    def revisions(self):
        """How many templates it has had. A workload that was never touched has 1."""
        return len(self._history()) if self.kind in _WITH_HISTORY else 1

    def _history(self):
        if self.kind not in _WITH_HISTORY:
            return []
        uid, apps = self.uid, self.space.apps
        if self.kind == "Deployment":
            history = apps.list_namespaced_replica_set(self.space.name).items
        else:
            history = apps.list_namespaced_controller_revision(self.space.name).items
        return [item for item in history if any(o.uid == uid for o in item.metadata.owner_references or [])]


def _annotations_of_template(item):
    if hasattr(item, "data"):  # a ControllerRevision holds the template as plain JSON
        return item.data["spec"]["template"].get("metadata", {}).get("annotations") or {}
    return item.spec.template.metadata.annotations or {}
