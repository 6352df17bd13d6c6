"""A small receiver of the API server's audit webhook, for tests of the harness itself.

It demands a client certificate, as Remint does. Every event is kept, in the order of arrival.
"""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .wait import wait_until


class AuditSink:
    def __init__(self, authority, port=0, name="audit-sink"):
        self._events = []
        self._lock = threading.Lock()
        self.requests = []  # (path, headers, peer certificate) of each batch
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        serving = authority.server(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(serving.cert, serving.key)
        context.load_verify_locations(authority.cert)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="audit-sink", daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def events(self, **fields):
        """The events so far whose top-level fields have these values, e.g. auditID=…, verb="list"."""
        with self._lock:
            return [e for e in self._events if all(e.get(k) == v for k, v in fields.items())]

    def wait_for(self, timeout=15, **fields):
        return wait_until(lambda: self.events(**fields), timeout, f"an audit event with {fields}")[0]

    def _handler(sink):  # noqa: N805 (the handler's own self is the request)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with sink._lock:
                    sink._events += body["items"]
                    sink.requests.append((self.path, dict(self.headers), self.connection.getpeercert()))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        return Handler
