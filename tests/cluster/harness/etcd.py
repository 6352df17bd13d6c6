"""The cluster's etcd: one member, nothing ever flushed to the disk."""

import json
import urllib.request

from .process import Process


class Etcd:
    def __init__(self, binary, folder, claims):
        self.url = f"http://127.0.0.1:{claims.port()}"
        peer = f"http://127.0.0.1:{claims.port()}"
        self.process = Process(
            "etcd",
            [
                binary,
                "--name=test",
                f"--data-dir={folder / 'etcd'}",
                "--unsafe-no-fsync",  # a test cluster that loses its power is thrown away
                f"--listen-client-urls={self.url}",
                f"--advertise-client-urls={self.url}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=test={peer}",
                "--log-level=warn",
            ],
            folder / "logs" / "etcd.log",
        )

    def start(self):
        self.process.start()
        self.process.wait_ready(self._healthy, 60, "healthy")

    def stop(self):
        self.process.stop(grace=2)

    def compact(self):
        """Forgets all history before now, as etcd does by itself every five minutes.

        From then on a list or watch that starts at an older resource version can only be answered
        with 410. Returns the revision. (Through the JSON gateway: no etcdctl is needed.)
        """
        revision = self._call("/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        self._call("/v3/kv/compaction", {"revision": revision, "physical": True})
        return int(revision)

    def advance(self, count=10):
        """Moves the revision on without any Kubernetes object changing: all that watchers know is old."""
        for _ in range(count):
            self._call("/v3/kv/put", {"key": "aGFybmVzcw==", "value": "eA=="})  # "harness": "x"

    def _healthy(self):
        with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
            return json.load(answer).get("health") == "true"

    def _call(self, path, body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
