"""All that the pods' containers ever printed, kept beyond the life of the pods: read from the kubelet's log files."""

import re
import threading
from dataclasses import dataclass
from datetime import datetime

_FOLDER = re.compile(r"(?P<namespace>[^_]+)_(?P<pod>[^_]+)_(?P<uid>[^_]+)")


@dataclass(frozen=True)
class Line:
    time: datetime
    namespace: str
    pod: str
    uid: str
    text: str


class PodLogs(threading.Thread):
    """Follows every log below the folder; a file that was opened is read to its end even after the kubelet removed it."""

    def __init__(self, folder):
        super().__init__(name="pod-logs", daemon=True)
        self._folder = folder
        self._files = {}
        self._lines = []
        self._lock = threading.Lock()
        self._end = threading.Event()

    def run(self):
        while not self._end.wait(0.25):
            self.read()

    def read(self):
        with self._lock:
            for path in self._present():
                if path not in self._files:
                    try:
                        self._files[path] = (open(path, "rb"), _FOLDER.fullmatch(path.parts[-3]))
                    except FileNotFoundError:
                        continue
            for file, about in self._files.values():
                while (raw := file.readline()).endswith(b"\n"):
                    self._lines.append(_line(raw, about))
                file.seek(-len(raw), 1)  # the rest of a line that is being written

    def _present(self):
        try:
            return list(self._folder.glob("*/*/*.log"))
        except FileNotFoundError:
            return []  # the kubelet removed a pod's folder while we looked: the next look is soon

    def of(self, namespace, prefix=""):
        """The lines of the pods whose names begin so, oldest first."""
        self.read()
        with self._lock:
            found = [line for line in self._lines if line.namespace == namespace and line.pod.startswith(prefix)]
        return sorted(found, key=lambda line: line.time)

    def close(self):
        self._end.set()
        self.join()
        for file, _ in self._files.values():
            file.close()


def _line(raw, about):
    # 2026-11-22T11:13:56.123456789Z stdout F the text
    time, _, _, text = raw.decode(errors="replace").rstrip("\n").split(" ", 3)
    # Python reads no nanoseconds.
    time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", time))
    return Line(time, about["namespace"], about["pod"], about["uid"], text)
