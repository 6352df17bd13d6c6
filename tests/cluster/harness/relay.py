"""A TCP relay through which a program that cannot choose its source address calls from a pod's.

Bytes pass unchanged, so TLS is between the program and the API server.
"""

import socket
import threading
from urllib.parse import urlsplit


class Relay:
    """Listens on 127.0.0.1:`port`; every connection goes on to the server from `address`."""

    def __init__(self, server, address):
        parts = urlsplit(server)
        self._server = (parts.hostname, parts.port)
        self.address = address
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._sockets = set()
        self._lock = threading.Lock()
        self._open = True
        threading.Thread(target=self._accept, name=f"relay-{address}", daemon=True).start()

    def cut(self):
        """Ends every present connection, as a load balancer does that is replaced."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for each in sockets:
            _shut(each)

    def close(self):
        with self._lock:
            self._open = False
        _shut(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._server, timeout=10, source_address=(self.address, 0))
            except OSError:
                near.close()  # the API server is being restarted
                continue
            far.settimeout(None)
            self._join(near, far)

    def _join(self, near, far):
        with self._lock:
            if self._open:
                self._sockets |= {near, far}
        ways = [threading.Thread(target=_pass, args=way, daemon=True) for way in ((near, far), (far, near))]
        for way in ways:
            way.start()
        threading.Thread(target=self._bury, args=(ways, near, far), daemon=True).start()
        if not self._open:
            _shut(near)

    def _bury(self, ways, *sockets):
        for way in ways:
            way.join()
        with self._lock:
            self._sockets -= set(sockets)
        for each in sockets:
            each.close()


def _pass(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    # One way ended: so does the connection, as HTTP over TLS has no half of one.
    _shut(source)
    _shut(sink)


def _shut(each):
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
