"""What `remint replay` reads, taken from a running cluster: audit events, objects, and pods' logs with their times."""

import json
import subprocess
import threading
from datetime import datetime, timezone

from .remint import default_binary

_KINDS = "pods,replicasets,deployments,serviceaccounts"


class StampedLog:
    """Follows a program's output and keeps when each line came, as a container runtime does."""

    def __init__(self, path):
        self._path = path
        self._lines = []
        self._rest = b""
        self._position = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        self._read()

    def text(self):
        """As `kubectl logs --timestamps` prints it."""
        return b"".join(self._lines)

    def _follow(self):
        while not self._end.wait(0.02):
            self._read()

    def _read(self):
        with open(self._path, "rb") as log:
            log.seek(self._position)
            new = log.read()
        self._position += len(new)
        stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode()
        *lines, self._rest = (self._rest + new).split(b"\n")
        self._lines += [stamp + line + b"\n" for line in lines]


class Recording:
    """A folder with the files of one recording; `replay()` plays it."""

    def __init__(self, folder, cluster, binaries, namespace):
        """The objects are those of this moment."""
        self._folder = folder
        (folder / "logs").mkdir()
        self._objects = folder / "objects.json"
        self._objects.write_bytes(
            subprocess.run(
                [binaries / "kubectl", "--kubeconfig", cluster.kubeconfig, "-n", namespace, "get", _KINDS, "-o", "json"],
                stdout=subprocess.PIPE,
                check=True,
                timeout=60,
            ).stdout
        )

    def add_log(self, namespace, pod, container, text):
        (self._folder / "logs" / f"{namespace}_{pod}_{container}.log").write_bytes(text)

    def replay(self, events, *more):
        """The decisions, as `--output json` prints them."""
        audit = self._folder / "audit.log"
        audit.write_text("".join(json.dumps(event) + "\n" for event in events))
        done = subprocess.run(
            [default_binary(), "replay", "--audit", audit, "--objects", self._objects,
             "--pod-logs", self._folder / "logs", "--output", "json", *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()][:-1]
