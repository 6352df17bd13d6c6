"""A TCP switch: the API server's webhook address is fixed, the operator behind it changes.

It forwards bytes and knows no TLS, so certificates are checked end to end. Each new connection goes
to the preferred target; when that refuses, and fallback is on, to any other that accepts.
"""

import socket
import threading


class Switch:
    def __init__(self, port=0):
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._targets = {}  # name -> port, in the order of add()
        self._preferred = None
        self._fallback = True
        self._connections = set()  # sockets, both ends of each connection
        self._closed = False
        threading.Thread(target=self._accept, name=f"switch-{self.port}", daemon=True).start()

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

    def cut(self):
        """Ends every present connection."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for end in connections:
            _shut(end)

    def close(self):
        self._closed = True
        _shut(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = self._connect()
        if server is None:
            client.close()  # to the sender: connection reset, as from a dead operator
            return
        ends = {client, server}
        with self._lock:
            self._connections |= ends
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()
        with self._lock:
            self._connections -= ends
        for end in ends:
            end.close()

    def _connect(self):
        with self._lock:
            names = [self._preferred] if self._preferred else []
            if self._fallback:
                names += [name for name in self._targets if name != self._preferred]
            ports = [self._targets[name] for name in names]
        for port in ports:
            try:
                server = socket.create_connection(("127.0.0.1", port), timeout=2)
                server.settimeout(None)
                return server
            except OSError:
                continue
        return None


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
