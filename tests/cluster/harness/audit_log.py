"""The API server's audit log as the truth about who called, read from the moment this is made."""

import json


class AuditLog:
    """`events()`: all that came since. A line that is being written counts when it is whole."""

    def __init__(self, cluster):
        self._path = cluster.apiserver.audit_log
        self._position = self._path.stat().st_size
        self._events = []

    def events(self, address=None, code=None, path=None):
        """Those of one caller's address, with one response code, under one path."""
        self._read()
        return [
            event
            for event in self._events
            if (address is None or event["sourceIPs"][-1] == address)
            and (code is None or event.get("responseStatus", {}).get("code") == code)
            and (path is None or event["requestURI"].startswith(path))
        ]

    def _read(self):
        if self._path.stat().st_size < self._position:
            self._position = 0  # it was rotated; what was not read of the old one is lost
        with open(self._path, "rb") as log:
            log.seek(self._position)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._position += len(line)
                self._events.append(json.loads(line))
