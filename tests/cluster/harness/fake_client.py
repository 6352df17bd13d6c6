"""One client program inside a fake pod: real requests from the pod's own 127.x address."""

import http.client
import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    audit_id: str
    body: bytes


class FakeClient:
    """`request()` once, or `start()` a thread that asks every `interval` seconds.

    The token is a string that never changes by itself: exactly the program that Remint is for. Nor does the CA that it
    trusts, but where it `reads_ca_again` with each connection.
    """

    def __init__(self, server, ca, address, token, user_agent="fake-client/1.0", headers=None,
                 path="/api/v1/namespaces/default/configmaps?limit=500", interval=0.5, reads_ca_again=False):
        parts = urlsplit(server)
        self._host, self._port = parts.hostname, parts.port
        self._ca = ca
        self._context = None if reads_ca_again else ssl.create_default_context(cafile=ca)
        self.address = address
        self.token = token
        self.user_agent = user_agent  # None: send none
        self.headers = dict(headers or {})
        self.path = path
        self.interval = interval
        self.answers = Counter()  # HTTP status -> how often; "error" when there was no answer
        self.last_audit_id = None  # of the newest answer
        self._connection = None
        self._stop = threading.Event()
        self._awake = threading.Event()  # cleared: it asks nothing
        self._awake.set()
        self._thread = None

    def request(self):
        """One GET. Raises OSError or http.client.HTTPException when there is no answer."""
        if self._connection is None:
            context = self._context or ssl.create_default_context(cafile=self._ca)
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=10, context=context, source_address=(self.address, 0)
            )
        headers = {"Accept": "application/json", **self.headers}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.user_agent is not None:
            headers["User-Agent"] = self.user_agent
        try:
            self._connection.request("GET", self.path, headers=headers)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.disconnect()
            raise
        self.last_audit_id = response.getheader("Audit-Id")
        return Answer(response.status, self.last_audit_id, body)

    def disconnect(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def start(self):
        self._thread = threading.Thread(target=self._run, name=f"client-{self.address}", daemon=True)
        self._thread.start()
        return self

    def pause(self):
        self._awake.clear()

    def resume(self):
        self._awake.set()

    def wind_down(self):
        """No new request is begun; `stop` waits for the last one."""
        self._stop.set()
        self._awake.set()

    def stop(self):
        """No request is sent after this returns."""
        self.wind_down()
        if self._thread is not None:
            self._thread.join(15)
        self.disconnect()

    def _run(self):
        while not self._stop.is_set():
            try:
                self.answers[self.request().status] += 1
            except (OSError, http.client.HTTPException):
                self.answers["error"] += 1
            self._stop.wait(self.interval)
            self._awake.wait()
