"""Remint installed by `helm install`, and the API server wired by the commands that the chart prints."""

import os
import subprocess
from pathlib import Path

from harness.folders import REPOSITORY

from .install import AUDIT_ADDRESS, Remint


def folder():
    return Path(os.environ.get("REMINT_CHART") or REPOSITORY / "charts" / "remint")


class ChartRemint(Remint):
    """The chart's defaults, but for the image, the fixed address, and a policy that acts."""

    namespace, release, replicas = "remint", "remint", 2

    def __init__(self, node, image, values=None):
        super().__init__(node, image)
        self._values = values or {}

    def install(self):
        registry, _, rest = self.image.partition("/")
        repository, _, tag = rest.rpartition(":")
        values = {
            "image.registry": registry,
            "image.repository": repository,
            "image.tag": tag,
            "audit.service.clusterIP": AUDIT_ADDRESS,
            "defaultPolicy.mode": "Enforce",
        } | self._values
        words = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        self.helm("install", self.release, folder(), "--create-namespace", "--wait", "--timeout", "3m", *words)

    def wire(self):
        """Runs what the chart's notes say, word by word, and gives the API server the files that come of it."""
        notes = self.helm("get", "notes", self.release)
        commands = notes[notes.index("cat > audit-policy.yaml") :]
        commands = commands[: commands.rindex("\nEOF\n") + 5]
        # Between the two commands is prose.
        parts = [part for part in commands.split("\ncat > ")]
        script = "\ncat > ".join(part[: part.index("\nEOF") + 4] for part in parts)
        place = self.node.folder / "etc-kubernetes-remint"
        place.mkdir(mode=0o700, exist_ok=True)
        environment = os.environ | {
            "KUBECONFIG": str(self.node.kubeconfig),
            "PATH": f"{self.node.binaries}:{os.environ['PATH']}",
        }
        subprocess.run(["bash", "-euc", script], cwd=place, env=environment, check=True)
        self.node.wire_audit(place / "audit-webhook.kubeconfig", place / "audit-policy.yaml")
        self.wait_leading()

    def helm(self, *words):
        command = [os.environ["HELM"], "--kubeconfig", self.node.kubeconfig, "--namespace", self.namespace, *words]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"helm {words[0]}: {result.stderr.strip()}")
        return result.stdout
