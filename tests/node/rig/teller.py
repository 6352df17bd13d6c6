"""Pods that print what is appended to a file of the node: a workload's log in the test's own words, or the API server's log."""

import yaml
from harness.wait import wait_until

IMAGE = "remint.test/teller:1"
_MOUNT = "/said"


def pod(folder, file, name="main"):
    """What is merged into a pod's spec: its container prints what is appended to that file of the folder."""
    container = {"name": name, "image": IMAGE, "imagePullPolicy": "Never", "args": [f"-file={_MOUNT}/{file}"]}
    container["volumeMounts"] = [{"name": "said", "mountPath": _MOUNT, "readOnly": True}]
    said = {"name": "said", "hostPath": {"path": str(folder), "type": "Directory"}}
    return {"containers": [container], "volumes": [said], "terminationGracePeriodSeconds": 2}


class Teller:
    """A Deployment of one such pod, in a namespace whose log says nothing else."""

    def __init__(self, node, space, name, probed=False):
        """`probed`: it is ready unless `fail()` says otherwise."""
        self._logs = node.pod_logs
        self._folder = node.folder / "said" / space.name
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._file, self._failure = self._folder / f"{name}.log", self._folder / f"{name}.failure"
        self._file.touch()
        spec = pod(self._folder, self._file.name)
        if probed:
            command = ["/teller", f"-probe={_MOUNT}/{self._failure.name}"]
            spec["containers"][0]["readinessProbe"] = {"exec": {"command": command}, "periodSeconds": 2}
        self.workload = space.deployment(name, replicas=1, pod=spec).wait_ready(300)

    def say(self, *lines):
        with open(self._file, "a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def crash(self):
        """Returns when the kubelet has seen it; a new life has begun, or is waited for."""
        before = self.restarts()
        self.say("exit")
        wait_until(lambda: self.restarts() > before, 120, f"a container of {self.workload} to be started anew")

    def restarts(self):
        """How often its newest pod's container was started anew."""
        (pod,) = self.workload.live_pods()
        return sum(status.restart_count for status in pod.status.container_statuses or [])

    def rotations(self):
        """How often the kubelet has rotated the log of its only pod."""
        (pod,) = self.workload.live_pods()
        meta = pod.metadata
        folder = self._logs / f"{meta.namespace}_{meta.name}_{meta.uid}" / "main"
        # 0.log.20261122-111356, also with .gz or .tmp behind it
        return len({path.name.split(".")[2] for path in folder.glob("0.log.*")})

    def fail(self, text):
        """From now on its probe says this, and it is not ready."""
        self._failure.write_text(text)

    def recover(self):
        self._failure.unlink()


class StaticApiServerPod:
    """kube-apiserver runs outside of any pod here; this one, of the kubelet alone, prints its log, and looks like kubeadm's."""

    name = "kube-apiserver"

    def __init__(self, node):
        self._node = node
        self._manifest = node.static_pods / f"{self.name}.yaml"

    def start(self):
        log = self._node.apiserver.process.log
        manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "namespace": "kube-system",
                "labels": {"component": self.name, "tier": "control-plane"},
            },
            "spec": pod(log.parent, log.name, self.name) | {"hostNetwork": True},
        }
        self._manifest.write_text(yaml.safe_dump(manifest))
        wait_until(self._mirrored, 300, "the static pod to run, and to have a mirror")
        return self

    def stop(self):
        self._manifest.unlink()

    def _mirrored(self):
        pods = self._node.core().list_namespaced_pod("kube-system", label_selector=f"component={self.name}").items
        return any(pod.status.phase == "Running" and "kubernetes.io/config.mirror" in pod.metadata.annotations for pod in pods)
