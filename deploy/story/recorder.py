"""Records what `remint replay` needs: the API server's audit log, what its own log says of tokens, and every change of the
objects, with its time."""

import datetime
import gzip
import json
import threading

import kubernetes
import yaml

_KINDS = [
    ("CoreV1Api", "list_namespace", "v1", "Namespace"),
    ("CoreV1Api", "list_node", "v1", "Node"),
    ("CoreV1Api", "list_service_account_for_all_namespaces", "v1", "ServiceAccount"),
    ("AppsV1Api", "list_deployment_for_all_namespaces", "apps/v1", "Deployment"),
    ("AppsV1Api", "list_replica_set_for_all_namespaces", "apps/v1", "ReplicaSet"),
    ("AppsV1Api", "list_stateful_set_for_all_namespaces", "apps/v1", "StatefulSet"),
    ("AppsV1Api", "list_daemon_set_for_all_namespaces", "apps/v1", "DaemonSet"),
    ("CoreV1Api", "list_replication_controller_for_all_namespaces", "v1", "ReplicationController"),
    ("CoreV1Api", "list_pod_for_all_namespaces", "v1", "Pod"),
]


class Recorder:
    def __init__(self, cluster):
        self.cluster = cluster
        self._changes = []
        self._lock = threading.Lock()
        self._watches = []

    def start(self):
        for api, method, version, kind in _KINDS:
            listing = getattr(getattr(kubernetes.client, api)(self.cluster.api_client()), method)
            watch = kubernetes.watch.Watch()
            self._watches.append(watch)
            threading.Thread(target=self._follow, args=(watch, listing, version, kind), daemon=True).start()
        return self

    def save(self, folder, cluster, policy):
        for watch in self._watches:
            watch.stop()
        folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            changes = sorted(self._changes, key=lambda change: change["time"])
        text = "".join(json.dumps(change, separators=(",", ":")) + "\n" for change in changes)
        _write(folder / "objects.jsonl.gz", text.encode())
        _write(folder / "audit.jsonl.gz", cluster.apiserver.audit_log.read_bytes())
        reasons = [line for line in cluster.apiserver.process.log.read_bytes().splitlines(True) if b"authenticate" in line]
        _write(folder / "apiserver.log.gz", b"".join(reasons))
        (folder / "policy.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))

    def _follow(self, watch, listing, version, kind):
        try:
            for event in watch.stream(listing, timeout_seconds=600):
                if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                    continue
                item = {"apiVersion": version, "kind": kind} | event["raw_object"]
                item["metadata"].pop("managedFields", None)
                now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                with self._lock:
                    self._changes.append({"time": now, "type": event["type"], "object": item})
        except Exception as error:  # the cluster goes away at the end, in the middle of a watch
            if not type(error).__module__.startswith("urllib3"):
                raise


def _write(path, content):
    # mtime=0: the same recording gives the same file.
    path.write_bytes(gzip.compress(content, 9, mtime=0))
