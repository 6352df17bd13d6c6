"""A real OpenTelemetry Collector between log files and Remint, and the files as container runtimes write them."""

import subprocess
import threading
from pathlib import Path

from .folders import DEPLOY
from .kubelet_logs import stamp
from .process import Process

_BUILDER = Path(__file__).resolve().parent.parent / "build-collector"
_REMINT = "https://remint-audit.remint-system.svc:8443"


def build():
    """(program, None), or (None, why there is no collector here). The first time it takes minutes."""
    result = subprocess.run([str(_BUILDER)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return None, (result.stderr.strip().splitlines() or ["it cannot be built"])[-1]
    return Path(result.stdout.strip().splitlines()[-1]), None


class Collector:
    """With a configuration that people are given, but for the places of files and of Remint: `places`, given -> here."""

    def __init__(self, program, cluster, operator, name, token, places):
        home = Path(cluster.folder / f"collector-{operator.name}")
        home.mkdir()
        given = DEPLOY / "shippers" / name
        text = given.read_text()
        places = places | {
            _REMINT: f"https://127.0.0.1:{operator.audit_port}",
            "/etc/remint/ca.crt": cluster.authority.cert,
            "/var/lib/otelcol": home / "storage",
        }
        for place, here in places.items():
            assert place in text, f"{name} has no {place} any more"
            text = text.replace(place, str(here))
        config, quiet = home / name, home / "test.yaml"
        config.write_text(text)
        # Several may run here: none serves metrics of its own.
        quiet.write_text("service: {telemetry: {metrics: {level: none}}}\n")
        self.process = Process(
            "the collector",
            [program, f"--config=file:{config}", f"--config=file:{quiet}"],
            cluster.logs / f"collector-{operator.name}.log",
            env={"REMINT_AUDIT_TOKEN": token, "REMINT_POD_LOG_TOKEN": token, "HOSTNAME": "node-0"},
        )

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.stop(5)

    def said(self, *words):
        """Whether a line of its log has all of them."""
        lines = self.process.log.read_text(errors="replace").splitlines()
        return any(all(word in line for word in words) for line in lines)


class PodLogFiles:
    """`folder` is a node's /var/log/pods."""

    def __init__(self, folder):
        self.folder = folder
        self._stop = threading.Event()
        self._copies = []

    def write(self, pod, *lines):
        """Lines of the pod's first container, if need be in pieces, as containerd writes what is longer than 16 KiB."""
        meta = pod.metadata
        self._write(f"{meta.namespace}_{meta.name}_{meta.uid}/{pod.spec.containers[0].name}", lines)

    def _write(self, container, lines):
        path = self.folder / container
        path.mkdir(parents=True, exist_ok=True)
        with open(path / "0.log", "a", encoding="utf-8") as file:
            for line in lines:
                *parts, last = [line[at : at + 16384] for at in range(0, len(line), 16384)] or [""]
                file.writelines(f"{stamp()} stderr P {part}\n" for part in parts)
                file.write(f"{stamp()} stderr F {last}\n")

    def follow_apiserver(self, cluster):
        """What the API server prints from now on becomes its pod's log."""
        container = "kube-system_kube-apiserver-node-0_8d1c5a1f54c7a2e3b0c9d2e4f6a8b0c1/kube-apiserver"
        copy = threading.Thread(target=self._copy, args=(container, cluster.apiserver.process.log), daemon=True)
        self._copies.append(copy)
        copy.start()

    def _copy(self, container, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(0, 2)
            rest = ""
            while not self._stop.wait(0.05):
                *lines, rest = (rest + file.read()).split("\n")
                self._write(container, lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        for copy in self._copies:
            copy.join(10)
