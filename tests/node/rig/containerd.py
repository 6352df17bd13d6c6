"""containerd with a folder, a socket and a configuration of its own; it can be restarted below running pods."""

import json
import shutil
import subprocess
import tarfile

from harness.process import Process

from . import network
from .needs import PLUGINS

_CONFIG = """version = 2
root = "{folder}/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Inside another container, processes may not be made less likely to be killed than their parent.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
PAUSE = "remint.test/pause:1"


class Containerd:
    def __init__(self, folder, logs):
        self.socket = "/run/containerd/containerd.sock"
        config = folder / "containerd.toml"
        config.write_text(_CONFIG.format(folder=folder, socket=self.socket, pause=PAUSE, plugins=PLUGINS))
        network.write_cni(folder / "cni")
        self.process = Process("containerd", [shutil.which("containerd"), "-c", config], logs / "containerd.log")

    def start(self):
        self.process.start()
        self.process.wait_ready(lambda: "ok" in self.ctr("plugins", "ls", "id==cri"), 120, "ready",
                                swallow=(subprocess.CalledProcessError,))
        return self

    def restart(self):
        """As an upgrade of the package does it: the pods' processes go on meanwhile."""
        self.process.stop(grace=10)
        self.start()

    def hang(self, pod):
        """Its programs stop in the middle of what they do, and nobody is told."""
        for status in pod.status.container_statuses:
            self.ctr("tasks", "kill", "--signal", "SIGSTOP", status.container_id.removeprefix("containerd://"))

    def import_image(self, archive):
        """Returns the image's full name, by which pods call it."""
        self.ctr("images", "import", archive)
        with tarfile.open(archive) as files:
            (image,) = json.load(files.extractfile("manifest.json"))
        name = image["RepoTags"][0]
        return name if name.count("/") > 1 or "." in name.split("/")[0] else f"docker.io/library/{name}"

    def ctr(self, *words):
        command = ["ctr", "--address", self.socket, "--namespace", "k8s.io", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
