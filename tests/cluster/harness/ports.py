"""Ports and address blocks on 127.0.0.0/8 that no other harness on this machine uses.

A port is claimed by a lock on a file named after it and tested by binding it. The range lies below
the kernel's ephemeral range, so that no outgoing connection takes a claimed port between the test
and the server's own bind; and a lock dies with its owner, so a killed run leaves nothing behind.
"""

import errno
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_FIRST_PORT, _LAST_PORT = 20000, 30000


class Claims:
    """What one cluster holds; `release()` gives all of it back."""

    def __init__(self):
        self._folder = Path(tempfile.gettempdir()) / f"remint-harness-claims-{os.getuid()}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._locks = []

    def port(self):
        """A TCP port that is free on 127.0.0.1 and stays ours."""
        for port in random.sample(range(_FIRST_PORT, _LAST_PORT), 500):
            if self._lock(f"port-{port}"):
                if _is_free(port):
                    return port
                self._unlock_last()
        raise RuntimeError(f"no free port between {_FIRST_PORT} and {_LAST_PORT} on 127.0.0.1")

    def octet(self):
        """A number N from 10 to 249 such that 127.N.0.0/16 is ours: the pods of one cluster."""
        for octet in random.sample(range(10, 250), 240):
            if self._lock(f"octet-{octet}"):
                return octet
        raise RuntimeError(f"all address blocks are taken; see {self._folder}")

    def release(self):
        while self._locks:
            self._unlock_last()

    def _lock(self, name):
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        self._locks.append(descriptor)
        return True

    def _unlock_last(self):
        # The empty file stays: removing it would let two owners lock two files of one name.
        os.close(self._locks.pop())


def _is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
