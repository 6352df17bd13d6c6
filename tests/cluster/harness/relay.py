"""A TCP relay through which a program that cannot choose its source address calls from a pod's."""

import socket
from urllib.parse import urlsplit

from .forwarder import Forwarder


class Relay(Forwarder):
    """Every connection goes on to the server from `address`."""

    def __init__(self, server, address):
        parts = urlsplit(server)
        self._server = (parts.hostname, parts.port)
        self.address = address
        super().__init__()

    def _connect(self):
        try:
            server = socket.create_connection(self._server, timeout=10, source_address=(self.address, 0))
        except OSError:
            return None  # the API server is being restarted
        server.settimeout(None)
        return server
