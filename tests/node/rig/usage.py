"""What Remint's pods take of the node while the tests run, read from their control groups once a second."""

import threading
import time
from dataclasses import dataclass

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from .cgroups import MOUNTS

_V2 = (MOUNTS / "cgroup.controllers").is_file()


@dataclass(frozen=True)
class Sample:
    at: float
    rss: int  # bytes
    peak: int  # bytes since the container's start, with the page cache: what is held against the limit
    cpu: float  # seconds since the container's start


class Usage(threading.Thread):
    """`samples`: {(pod, container id): [Sample, ...]}"""

    def __init__(self, remint):
        super().__init__(name="usage", daemon=True)
        self.remint = remint
        self._root = remint.node.cgroup
        self._end = threading.Event()
        self.samples = {}

    def run(self):
        while not self._end.wait(1):
            try:
                for pod in self.remint.pods():
                    self._sample(pod)
            except (ApiException, HTTPError, OSError):
                continue  # the API server is being restarted, or the container has just ended

    def _sample(self, pod):
        for status in pod.status.container_statuses or []:
            if status.state.running is None:
                continue
            container = status.container_id.removeprefix("containerd://")
            below = f"kubepods/*/pod{pod.metadata.uid}/{container}"
            sample = self._read_v2(below) if _V2 else self._read_v1(below)
            self.samples.setdefault((pod.metadata.name, container), []).append(sample)

    def _read_v1(self, below):
        memory, cpu = self._folder("memory", below), self._folder("cpuacct", below)
        return Sample(
            time.monotonic(),
            _field(memory / "memory.stat", "total_rss"),
            int((memory / "memory.max_usage_in_bytes").read_text()),
            int((cpu / "cpuacct.usage").read_text()) / 1e9,
        )

    def _read_v2(self, below):
        folder = self._folder("", below)
        peak = folder / "memory.peak"  # since Linux 5.19
        return Sample(
            time.monotonic(),
            _field(folder / "memory.stat", "anon"),
            int((peak if peak.is_file() else folder / "memory.current").read_text()),
            _field(folder / "cpu.stat", "usage_usec") / 1e6,
        )

    def _folder(self, controller, below):
        for folder in (MOUNTS / controller / self._root.lstrip("/")).glob(below):
            return folder
        raise FileNotFoundError(f"no control group {controller} {below}")

    def table(self, title, leader=None):
        """{pod: columns} so far, over all containers that a pod had; those that lived for less than 5 samples are left out."""
        rows = {}
        for name in {pod for pod, _ in self.samples}:
            lives = [seen for (pod, _), seen in list(self.samples.items()) if pod == name and len(seen) >= 5]
            if not lives:
                continue
            seconds = sum(seen[-1].at - seen[0].at for seen in lives)
            cpu = sum(seen[-1].cpu - seen[0].cpu for seen in lives) / seconds
            every = [sample for seen in lives for sample in seen]
            rows[name] = {
                f"role, {title}": "leads" if name == leader else "stands by",
                f"RSS max, {title}": f"{max(sample.rss for sample in every) / 1e6:.1f} MB",
                f"with cache, {title}": f"{max(sample.peak for sample in every) / 1e6:.1f} MB",
                f"CPU, {title}": f"{1000 * cpu:.1f} millicores in {seconds:.0f} s",
            }
        return rows

    def peak(self):
        return max(sample.peak for samples in self.samples.values() for sample in samples)

    def close(self):
        self._end.set()
        self.join()


def _field(path, name):
    for line in path.read_text().splitlines():
        key, value = line.split()
        if key == name:
            return int(value)
    raise KeyError(f"{path} has no {name}")
