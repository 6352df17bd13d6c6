"""Objects as `kubectl get -o json` shows them, with what attribution may look at."""

from .moments import second
from .tokens import API_AUDIENCE, HOUR

GROUPS = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicationController": "v1",
    "Pod": "v1",
    "Job": "batch/v1",
    "CloneSet": "apps.kruise.io/v1alpha1",
    "Node": "v1",
}


def owner(kind, name, uid):
    return [
        {
            "apiVersion": GROUPS[kind],
            "kind": kind,
            "name": name,
            "uid": uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def metadata(name, uid, created, namespace=None, **more):
    meta = {"name": name, "uid": uid, "creationTimestamp": second(created)}
    if namespace:
        meta["namespace"] = namespace
    return meta | {key: value for key, value in more.items() if value}


def namespace(name, uid, created):
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": metadata(name, uid, created, labels={"kubernetes.io/metadata.name": name}),
        "status": {"phase": "Active"},
    }


def node(node, created):
    addresses = [{"type": "InternalIP", "address": node.ip}, {"type": "Hostname", "address": node.name}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata(node.name, node.uid, created),
        "spec": {"podCIDR": f"{node.cidr}.0/24"},
        "status": {"addresses": addresses, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def service_account(account, uid, created):
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(account[1], uid, created, account[0])}


def controller(workload):
    """The workload's own object; for a bare pod there is none."""
    labels = {"app": workload.name}
    spec = {
        "replicas": workload.replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod_spec(workload)},
    }
    count = workload.replicas
    status = {
        "observedGeneration": workload.generation,
        "replicas": count,
        "readyReplicas": count,
        "availableReplicas": count,
        "updatedReplicas": count,
    }
    if workload.kind == "ReplicationController":
        spec["selector"] = labels
    if workload.kind == "DaemonSet":
        del spec["replicas"]
        spec["updateStrategy"] = {"type": "RollingUpdate"}
        status = {
            "observedGeneration": workload.generation,
            "desiredNumberScheduled": count,
            "currentNumberScheduled": count,
            "numberReady": count,
            "numberAvailable": count,
            "updatedNumberScheduled": count,
            "numberMisscheduled": 0,
        }
    if workload.kind == "StatefulSet":
        spec["updateStrategy"], spec["serviceName"] = {"type": "RollingUpdate"}, workload.name
    if workload.kind == "Job":
        spec = {"parallelism": count, "completions": count, "template": spec["template"]}
        status = {"active": count}
    return {
        "apiVersion": GROUPS[workload.kind],
        "kind": workload.kind,
        "metadata": metadata(
            workload.name,
            workload.uid,
            workload.created,
            workload.namespace,
            labels=labels,
            annotations=workload.annotations,
            generation=workload.generation,
        ),
        "spec": spec,
        "status": status,
    }


def replica_set(workload, revision):
    labels = {"app": workload.name, "pod-template-hash": revision.hash}
    count = revision.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata(
            f"{workload.name}-{revision.hash}",
            revision.uid,
            revision.created,
            workload.namespace,
            labels=labels,
            ownerReferences=owner("Deployment", workload.name, workload.uid),
            generation=1,
        ),
        "spec": {
            "replicas": count,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(workload)},
        },
        "status": {"observedGeneration": 1, "replicas": count, "readyReplicas": count, "availableReplicas": count},
    }


def pod_spec(workload):
    account = workload.account[1]
    mount = [
        {"name": "kube-api-access", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    ]
    containers = []
    for part in workload.parts:
        container = {"name": part.container, "image": part.image}
        if part.command:
            container["command"] = list(part.command)
        if workload.mounts_token:
            container["volumeMounts"] = mount
        containers.append(container)
    volumes = []
    if workload.mounts_token:
        source = {"expirationSeconds": workload.token_seconds, "path": "token"}
        if workload.audience != API_AUDIENCE:
            volumes.append(_projected("tokens", source | {"audience": workload.audience}))
            source = {"expirationSeconds": HOUR, "path": "token"}
        volumes.append(_projected("kube-api-access", source))
    if workload.secret:
        volumes.append({"name": "legacy-token", "secret": {"secretName": workload.secret}})
    spec = {
        "containers": containers,
        "serviceAccountName": account,
        "serviceAccount": account,
        "restartPolicy": "Always",
        "volumes": volumes,
    }
    if not workload.mounts_token:
        spec["automountServiceAccountToken"] = False
    if workload.host_network:
        spec["hostNetwork"] = True
    if workload.kind == "Job":
        spec["restartPolicy"] = "Never"
    return spec


def _projected(name, token):
    return {
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": token},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            ],
        },
    }


def pod(pod, phase="Running"):
    """`phase`: Pending (not yet placed) or Running."""
    workload = pod.workload
    more = {
        "labels": {"app": workload.name},
        "ownerReferences": pod.owners,
        "annotations": workload.annotations if not pod.owners else None,
    }
    if pod.revision:
        more["labels"]["pod-template-hash"] = pod.revision.hash
    if pod.owners:
        more["generateName"] = pod.name.rpartition("-")[0] + "-"
    meta = metadata(pod.name, pod.uid, pod.created, pod.namespace, **more)
    if pod.deleted is not None:
        meta["deletionTimestamp"], meta["deletionGracePeriodSeconds"] = second(pod.deleted + pod.grace), pod.grace
    spec = pod_spec(workload)
    if phase == "Pending":
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {"phase": "Pending"}}
    spec["nodeName"] = pod.node.name
    true = [
        {"type": kind, "status": "True", "lastTransitionTime": second(pod.started)}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    statuses = [
        {
            "name": part.container,
            "image": part.image,
            "ready": True,
            "started": True,
            "restartCount": pod.restarts.get(part.container, 0),
            "state": {"running": {"startedAt": second(pod.container_started.get(part.container, pod.started))}},
        }
        for part in workload.parts
    ]
    addresses = [{"ip": pod.ip}] + ([{"ip": pod.ip6}] if pod.ip6 else [])
    status = {
        "phase": "Running",
        "conditions": true,
        "hostIP": pod.node.ip,
        "podIP": pod.ip,
        "podIPs": addresses,
        "startTime": second(pod.started),
        "containerStatuses": statuses,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}
