"""TCP connections handed on, byte by byte: TLS stays between the two ends."""

import socket
import threading


class Forwarder:
    """Listens on 127.0.0.1:`port`; each connection goes on to whatever `_connect` returns."""

    def __init__(self, port=0):
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._connections = set()  # sockets, both ends of each connection
        self._open = True
        threading.Thread(target=self._accept, name=f"forwarder-{self.port}", daemon=True).start()

    def _connect(self):
        """A connected socket, or None: the caller's connection is closed then."""
        raise NotImplementedError

    def cut(self):
        """Ends every present connection, as a load balancer does that is replaced."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for end in connections:
            _shut(end)

    def close(self):
        with self._lock:
            self._open = False
        _shut(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = self._connect()
        if server is None:
            client.close()
            return
        ends = {client, server}
        with self._lock:
            if self._open:
                self._connections |= ends
            else:
                _shut(client)
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()
        with self._lock:
            self._connections -= ends
        for end in ends:
            end.close()


def _pump(source, sink):
    """Copies until the source ends, then tells the sink so."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        _shut(source)
        _shut(sink)


def _shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
