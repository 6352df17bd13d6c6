"""A reverse proxy between one operator and the API server, which knows each write and can interfere with it.

    proxy = WriteProxy(cluster, namespace=space.name)
    operator = Operator(cluster, server=proxy.url)
    proxy.at(3, APPLIED, operator.kill)     # kill -9 when write 3 was applied and its answer is still here

The operator speaks plain HTTP to it, over loopback, and its credentials are passed on. With `namespace`, the operator
sees that namespace only: requests for the objects of all namespaces become requests for those of one. So several
operators, each with a lease of its own, can work on one cluster beside each other.
"""

import re
import socket
import threading
import time
from urllib.parse import urlsplit

from .proxy_wire import Exchange, serve_connection
from .wait import wait_until
from .writes import parse_write

BEFORE = "before it arrives"
APPLIED = "applied, not answered"
ANSWERED = "answered"
POINTS = (BEFORE, APPLIED, ANSWERED)  # at which a process can die
HELD = "on its way"  # it arrives after all, when the action is done

_CLUSTER_WIDE = re.compile(r"^(/api/v1|/apis/[^/]+/[^/]+)/([a-z]+)$")
_WITHOUT_NAMESPACE = ("namespaces", "nodes", "clustertokenrefreshpolicies")


class WriteProxy:
    """Numbers, records and delays writes; `writes` holds them in the order in which they came."""

    def __init__(self, cluster, namespace=None):
        self.cluster = cluster
        self.namespace = namespace
        self.port = cluster.claims.port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.writes = []
        self.errors = []  # exceptions of the test's own callbacks
        self._lock = threading.Lock()
        self._open = threading.Event()  # cleared: writes wait
        self._open.set()
        self._dropping = False
        self._planned = None  # (matcher, point, action)
        self._refusal = None  # (status, headers), once for each write
        self._refused = set()
        self._fired = threading.Event()
        self._exchanges = set()
        self._listener = None
        self.listen()

    # Modes --------------------------------------------------------------------------------------

    def at(self, which, point, action):
        """Calls `action` once, when write `which` (its number, or a function of a Write) is at `point`.

        While it runs no other write passes; those that come meanwhile, and this one when the point is
        BEFORE, never reach the API server. An action that kills the operator so ends its life at exactly that write.
        HELD: the write goes on its way when the action is done, and so do those that come meanwhile.
        """
        self._fired.clear()
        matcher = which if callable(which) else (lambda write: write.number == which)
        self._planned = (matcher, point, action)
        return self

    def wait_fired(self, timeout):
        wait_until(self._fired.is_set, timeout, "the planned write", interval=0.02)
        if self.errors:
            raise self.errors[0]

    @property
    def fired(self):
        return self._fired.is_set()

    def refuse_each_once(self, status, headers=()):
        """Every write gets this answer when it is tried first, and passes when it is tried again."""
        self._refusal = (status, dict(headers))

    def hold(self):
        """Writes wait here, before they reach the API server, until `release`."""
        self._open.clear()

    def release(self):
        self._open.set()

    def refuse_connections(self):
        """To the operator, the API server is down."""
        listener, self._listener = self._listener, None
        if listener:
            _shut(listener)
            listener.close()
        self.cut()

    def listen(self):
        """The API server is there (again)."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self):
        """Ends every present connection."""
        with self._lock:
            exchanges, self._exchanges = self._exchanges, set()
        for exchange in exchanges:
            exchange.cut()

    def close(self):
        self._dropping = True
        self._open.set()
        self.refuse_connections()

    # What was seen ------------------------------------------------------------------------------

    def applied(self):
        """The writes that the API server took; what it was asked, it has answered, but its answer may still be on its way."""
        deadline = time.monotonic() + 5
        while any(w.fate == "passed" and w.code is None for w in self.writes) and time.monotonic() < deadline:
            time.sleep(0.02)
        return [w for w in self.writes if w.fate == "passed" and w.code and w.code < 300 and not w.dry_run]

    def story(self):
        return "\n".join(f"{w.number:3} {w.code or w.fate} {w.label} {w.name}" for w in self.writes)

    # One request --------------------------------------------------------------------------------

    def handle(self, exchange, method, target, headers, body):
        """Called in the connection's thread. False when the connection is to be closed."""
        write = parse_write(method, target, body)
        if write is None:
            return exchange.pass_on(method, self._narrowed(target), headers, body)
        self._open.wait()
        planned = self._number(write)
        if write.fate == "dropped":
            return False
        if self._refusal and write.key not in self._refused:
            self._refused.add(write.key)
            write.code, write.fate = self._refusal[0], "refused"
            return exchange.answer(*self._refusal)
        if planned is None:
            return exchange.pass_on(method, target, headers, body, write)
        point, action = planned
        try:
            self._interfere(exchange, point, action, write, (method, target, headers, body))
        except Exception as error:  # shown by wait_fired: nobody joins this thread
            self.errors.append(error)
        finally:
            self._dropping = False
            self._fired.set()
        return point in (ANSWERED, HELD)

    def _number(self, write):
        """Gives the write its number; when it is the planned one, everybody after it is dropped from here on."""
        with self._lock:
            write.number = len(self.writes) + 1
            self.writes.append(write)
            if self._dropping:
                write.fate = "dropped"
                return None
            if self._planned is None or not self._planned[0](write):
                return None
            (_, point, action), self._planned = self._planned, None
            self._dropping = point != HELD
            return point, action

    def _interfere(self, exchange, point, action, write, request):
        if point == BEFORE:
            write.fate = "dropped"
            action()
            return
        if point == HELD:
            action()
            exchange.pass_on(*request, write)
            return
        answer = exchange.ask(*request)
        write.code = answer.status
        if point == APPLIED:
            action()
            return
        exchange.give(answer)
        action()

    def _narrowed(self, target):
        parts = urlsplit(target)
        match = _CLUSTER_WIDE.match(parts.path)
        if not self.namespace or not match or match[2] in _WITHOUT_NAMESPACE:
            return target
        path = f"{match[1]}/namespaces/{self.namespace}/{match[2]}"
        return f"{path}?{parts.query}" if parts.query else path

    # Connections --------------------------------------------------------------------------------

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            exchange = Exchange(client, self.cluster.apiserver.url, self.cluster.apiserver.root_ca)
            with self._lock:
                self._exchanges.add(exchange)
            threading.Thread(target=self._serve, args=(exchange,), daemon=True).start()

    def _serve(self, exchange):
        try:
            serve_connection(exchange, self.handle)
        finally:
            with self._lock:
                self._exchanges.discard(exchange)


def _shut(listener):
    try:
        listener.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
