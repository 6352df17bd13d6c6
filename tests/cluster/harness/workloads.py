"""A namespace of one test's own, and the workloads in it."""

import secrets

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .tokens import Holder
from .wait import wait_until

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class Workload:
    """A Deployment, StatefulSet or DaemonSet, and questions about it."""

    def __init__(self, space, kind, name):
        self.space = space
        self.kind = kind
        self.name = name
        self.selector = f"app={name}"
        self._noun = {"Deployment": "deployment", "StatefulSet": "stateful_set", "DaemonSet": "daemon_set"}[kind]

    def __str__(self):
        return f"{self.kind} {self.space.name}/{self.name}"

    def read(self):
        return getattr(self.space.apps, f"read_namespaced_{self._noun}")(self.name, self.space.name)

    def patch(self, body):
        return getattr(self.space.apps, f"patch_namespaced_{self._noun}")(self.name, self.space.name, body)

    def annotate(self, annotations):
        return self.patch({"metadata": {"annotations": annotations}})

    @property
    def uid(self):
        return self.read().metadata.uid

    def pods(self):
        """Its pods, the terminating ones too."""
        return self.space.core.list_namespaced_pod(self.space.name, label_selector=self.selector).items

    def live_pods(self):
        return [pod for pod in self.pods() if pod.metadata.deletion_timestamp is None]

    def ready(self):
        """Rolled out: every replica is of the newest template, ready, and has its address."""
        item = self.read()
        status, observed = item.status, item.status.observed_generation
        if observed is None or observed < item.metadata.generation:
            return False
        if self.kind == "DaemonSet":
            wanted = status.desired_number_scheduled
            fresh, good = status.updated_number_scheduled, status.number_ready
        else:
            wanted = item.spec.replicas
            fresh, good = status.updated_replicas, status.ready_replicas
        pods = self.pods()
        return (
            wanted == len(pods) == (fresh or 0) == (good or 0)
            and wanted > 0
            and all(pod.status.pod_ip for pod in pods)
        )

    def wait_ready(self, timeout=60):
        wait_until(self.ready, timeout, f"{self} to be rolled out", swallow=(ApiException, OSError))
        return self

    def restarts(self):
        """The `restartedAt` stamps it ever had, oldest first: one for each rollout restart.

        Read from its ReplicaSets or ControllerRevisions, which keep every template of the past: so
        nothing is missed, whatever happened to the watcher, the operator or the API server.
        """
        uid, stamps = self.uid, set()
        if self.kind == "Deployment":
            history = self.space.apps.list_namespaced_replica_set(self.space.name).items
        else:
            history = self.space.apps.list_namespaced_controller_revision(self.space.name).items
        for item in history:
            if any(owner.uid == uid for owner in item.metadata.owner_references or []):
                stamps.add(_annotations_of_template(item).get(RESTARTED_AT))
        return sorted(stamps - {None})

    def revisions(self):
        """How many templates it has had. A workload that was never touched has 1."""
        uid = self.uid
        if self.kind == "Deployment":
            history = self.space.apps.list_namespaced_replica_set(self.space.name).items
        else:
            history = self.space.apps.list_namespaced_controller_revision(self.space.name).items
        return sum(any(o.uid == uid for o in item.metadata.owner_references or []) for item in history)


class Space:
    """A namespace with a ServiceAccount per workload that may read ConfigMaps."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self.core = cluster.core()
        self.apps = cluster.apps()
        self.core.create_namespace({"metadata": {"name": name}})
        rbac = client.RbacAuthorizationV1Api(cluster.api_client())
        rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
        rbac.create_namespaced_role(name, {"metadata": {"name": "reader"}, "rules": rules})
        group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": f"system:serviceaccounts:{name}"}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
        rbac.create_namespaced_role_binding(
            name, {"metadata": {"name": "readers"}, "subjects": [group], "roleRef": role}
        )

    @classmethod
    def fresh(cls, cluster):
        """One that nobody else uses."""
        return cls(cluster, f"test-{secrets.token_hex(4)}")

    def delete(self):
        """Asks for the namespace's end and does not wait for it."""
        try:
            self.core.delete_namespace(self.name)
        except ApiException as error:
            if error.status != 404:
                raise

    def deployment(self, name, replicas=2, **extra):
        spec = self._spec(name, extra) | {"replicas": replicas}
        spec |= extra.get("spec", {})
        return self._create("Deployment", name, spec, extra)

    def stateful_set(self, name, replicas=2, **extra):
        spec = self._spec(name, extra) | {"replicas": replicas, "serviceName": name}
        spec |= extra.get("spec", {})
        return self._create("StatefulSet", name, spec, extra)

    def daemon_set(self, name, **extra):
        return self._create("DaemonSet", name, self._spec(name, extra) | extra.get("spec", {}), extra)

    def holder(self, pod):
        """Whom a token for this pod speaks for."""
        account = pod.spec.service_account_name or "default"
        return Holder(
            namespace=self.name,
            account=account,
            account_uid=self.core.read_namespaced_service_account(account, self.name).metadata.uid,
            pod_name=pod.metadata.name,
            pod_uid=pod.metadata.uid,
            node_name=pod.spec.node_name,
            node_uid=self.core.read_node(pod.spec.node_name).metadata.uid,
        )

    def wait_gone(self, workload, timeout=60):
        """Waits until a deleted workload and all its pods have gone."""

        def gone():
            try:
                workload.read()
            except ApiException as error:
                return error.status == 404 and not workload.pods()
            return False

        wait_until(gone, timeout, f"{workload} to be gone")

    def events_about(self, workload):
        """Remint's Events on one workload, oldest first, as plain JSON.

        Not through the client's model: that refuses the Events of older components, which lack eventTime.
        """
        events = self.cluster.custom().list_namespaced_custom_object(
            "events.k8s.io", "v1", self.name, "events"
        )["items"]
        uid = workload.uid
        mine = [
            event
            for event in events
            if event.get("regarding", {}).get("uid") == uid
            and event.get("reportingController", "").startswith("remint")
        ]
        return sorted(mine, key=lambda event: event["eventTime"])

    def _spec(self, name, extra):
        pod = {"serviceAccountName": name, "containers": [{"name": "main", "image": f"registry.example/{name}:1"}]}
        metadata = {"labels": {"app": name}, "annotations": extra.get("pod_annotations", {})}
        return {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": metadata, "spec": pod}}

    def _create(self, kind, name, spec, extra):
        self.core.create_namespaced_service_account(self.name, {"metadata": {"name": name}})
        workload = Workload(self, kind, name)
        body = {"metadata": {"name": name, "annotations": extra.get("annotations", {})}, "spec": spec}
        getattr(self.apps, f"create_namespaced_{workload._noun}")(self.name, body)
        return workload


def _annotations_of_template(item):
    if hasattr(item, "data"):  # a ControllerRevision holds the template as plain JSON
        return item.data["spec"]["template"].get("metadata", {}).get("annotations") or {}
    return item.spec.template.metadata.annotations or {}
