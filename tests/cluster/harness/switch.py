"""A TCP switch: the API server's webhook address is fixed, the operator behind it changes.

Each new connection goes to the preferred target; when that refuses, and fallback is on, to any other
that accepts. When none does, the sender sees its connection reset, as from a dead operator.
"""

import socket

from .forwarder import Forwarder


class Switch(Forwarder):
    def __init__(self, port=0):
        self._targets = {}  # name -> port, in the order of add()
        self._preferred = None
        self._fallback = True
        super().__init__(port)

    def add(self, name, port):
        """Adds or moves a target; the first one is preferred until `prefer` is called."""
        with self._lock:
            self._targets[name] = port
            if self._preferred is None:
                self._preferred = name

    def remove(self, name):
        """Takes a target out; its connections end with it."""
        with self._lock:
            self._targets.pop(name, None)
            if self._preferred == name:
                self._preferred = next(iter(self._targets), None)

    def prefer(self, name, fallback=True):
        """New connections go to `name`; all present ones are cut, so that the sender comes again.

        A stopped (SIGSTOP) target still accepts connections, in the kernel: it must be switched
        away from by name, fallback alone does not notice.
        """
        with self._lock:
            if name not in self._targets:
                raise KeyError(f"{name} is not one of {list(self._targets)}")
            self._preferred = name
            self._fallback = fallback
        self.cut()

    def _connect(self):
        with self._lock:
            names = [self._preferred] if self._preferred else []
            if self._fallback:
                names += [name for name in self._targets if name != self._preferred]
            ports = [self._targets[name] for name in names]
        for port in ports:
            try:
                server = socket.create_connection(("127.0.0.1", port), timeout=2)
            except OSError:
                continue
            server.settimeout(None)
            return server
        return None
