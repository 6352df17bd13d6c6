"""A namespace of one test's own, and the workloads in it."""

import secrets

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .tokens import Holder
from .wait import wait_until
from .workload import RESTARTED_AT, Workload

__all__ = ["RESTARTED_AT", "Space", "Workload"]


class Space:
    """A namespace with a ServiceAccount per workload that may read ConfigMaps."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self.core = cluster.core()
        self.apps = cluster.apps()
        self.policy = client.PolicyV1Api(cluster.api_client())
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

    # Each workload gets a ServiceAccount of its own name, unless `account` names one that is there. `pod` is merged into
    # the pod's spec.

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

    def replica_set(self, name, replicas=2, **extra):
        """A ReplicaSet that no Deployment owns."""
        spec = self._spec(name, extra) | {"replicas": replicas}
        return self._create("ReplicaSet", name, spec | extra.get("spec", {}), extra)

    def replication_controller(self, name, replicas=2, **extra):
        spec = self._spec(name, extra) | {"replicas": replicas, "selector": {"app": name}}
        return self._create("ReplicationController", name, spec | extra.get("spec", {}), extra)

    def bare_pod(self, name, **extra):
        """A pod that nobody would create again. `spec` is merged into the pod's own."""
        template = self._spec(name, extra)["template"]
        metadata = {"labels": template["metadata"]["labels"] | extra.get("labels", {})}
        return self._create("Pod", name, template["spec"] | extra.get("spec", {}), extra, metadata)

    def service(self, workload):
        """A Service in front of the workload's pods, under the workload's name.

        Of their IPv6 addresses: the others are loopback addresses, which EndpointSlices refuse.
        """
        spec = {
            "selector": {"app": workload.name},
            "ports": [{"port": 80, "targetPort": 8080}],
            "ipFamilies": ["IPv6"],
        }
        self.core.create_namespaced_service(self.name, {"metadata": {"name": workload.name}, "spec": spec})

    def disruption_budget(self, workload, **spec):
        """`min_available` or `max_unavailable`, as the API spells them: minAvailable=2."""
        body = {
            "metadata": {"name": workload.name},
            "spec": spec | {"selector": {"matchLabels": {"app": workload.name}}},
        }
        self.policy.create_namespaced_pod_disruption_budget(self.name, body)

    def quota(self, name, **hard):
        """A ResourceQuota that is full: no more of what it counts, say pods="0", until it is deleted."""
        self.core.create_namespaced_resource_quota(self.name, {"metadata": {"name": name}, "spec": {"hard": hard}})
        # No quota controller runs here; admission goes by the status.
        status = {"status": {"hard": hard, "used": dict.fromkeys(hard, "0")}}
        self.core.patch_namespaced_resource_quota_status(name, self.name, status)

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
        account = extra.get("account", name)
        pod = {"serviceAccountName": account, "containers": [{"name": "main", "image": f"registry.example/{name}:1"}]}
        pod |= extra.get("pod", {})
        metadata = {"labels": {"app": name} | extra.get("pod_labels", {}), "annotations": extra.get("pod_annotations", {})}
        return {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": metadata, "spec": pod}}

    def _create(self, kind, name, spec, extra, metadata=None):
        if "account" not in extra:
            self.core.create_namespaced_service_account(self.name, {"metadata": {"name": name}})
        workload = Workload(self, kind, name)
        metadata = {"name": name, "annotations": extra.get("annotations", {})} | (metadata or {})
        workload.call("create", self.name, {"metadata": metadata, "spec": spec})
        return workload
