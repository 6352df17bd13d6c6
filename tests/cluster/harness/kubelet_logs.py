"""What a kubelet serves of its pods' logs: the API server fetches them from here. kwok, which plays the kubelets, has none."""

import datetime
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from . import resources
from .wait import wait_until

_RIGHTS = "remint-test-pod-logs"


def stamp(seconds=None):
    """RFC 3339 with nanoseconds, as container runtimes write it."""
    nanos = time.time_ns() if seconds is None else int(seconds * 1e9)
    whole = datetime.datetime.fromtimestamp(nanos // 10**9, datetime.UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanos % 10**9:09d}Z"


class KubeletLogs:
    """The logs of one node's pods, from memory; `follow_file` makes a container's log of a file that grows."""

    def __init__(self, cluster, node="node-0"):
        self._cluster, self._node = cluster, node
        self._logs = {}  # (namespace, pod, container) -> lines with their times
        self._news = threading.Condition()
        self._open = True
        self._round = 0  # streams of earlier rounds are deaf
        self.opened = []  # what was asked for: (pod, query)
        pair = cluster.authority.server(f"kubelet-{node}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        addresses = cluster.core().read_node(node).status.addresses
        (address,) = [a.address for a in addresses if a.type == "InternalIP"]
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        port = {"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_address[1]}}}}
        self._cluster.core().patch_node_status(self._node, port)
        return self

    def __exit__(self, *_):
        with self._news:
            self._open = False
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def write(self, pod, *lines, at=None):
        """Lines of the pod's first container; `at`: seconds of the epoch."""
        meta = pod.metadata
        self._append((meta.namespace, meta.name, pod.spec.containers[0].name), lines, at)

    def follow_file(self, pod, path):
        """What is in the file, and what will be."""
        key = (pod.metadata.namespace, pod.metadata.name, pod.spec.containers[0].name)

        def copy():
            with open(path, encoding="utf-8", errors="replace") as file:
                while self._open:
                    if line := file.readline():
                        self._append(key, [line.rstrip("\n")], None)
                    else:
                        time.sleep(0.05)

        threading.Thread(target=copy, daemon=True).start()

    def rotate(self):
        """Streams that are open now never say anything again, and do not end."""
        with self._news:
            self._round += 1
            self._news.notify_all()

    def wait_followed(self, pod, times=1, timeout=60):
        name = pod.metadata.name

        def followed():
            return len([1 for asked, query in self.opened if asked == name and "follow" in query]) >= times

        wait_until(followed, timeout, f"the log of {name} to be followed")

    def _append(self, key, lines, at):
        with self._news:
            self._logs.setdefault(key, []).extend(f"{stamp(at)} {line}\n" for line in lines)
            self._news.notify_all()

    def _handler(self):
        logs = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                _, _, namespace, pod, container = parts.path.split("/")
                logs.opened.append((pod, query))
                try:
                    logs._serve(self, (namespace, pod, container), query)
                except (OSError, ssl.SSLError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler

    def _serve(self, request, key, query):
        with self._news:
            lines = list(self._logs.get(key, []))
            position, round_ = len(lines), self._round
        if since := query.get("sinceTime"):
            # A kubelet is told whole seconds, in UTC.
            lines = [line for line in lines if line[:19] >= since[:19]]
        if tail := query.get("tailLines"):
            lines = lines[-int(tail) :]
        begun = self._send(request, lines, False)
        while query.get("follow") == "true":
            with self._news:
                self._news.wait(0.5)
                if not self._open:
                    break
                more = self._logs.get(key, [])[position:] if round_ == self._round else []
            position += len(more)
            begun = self._send(request, more, begun)
        if not begun:
            self._begin(request)
        request.wfile.write(b"0\r\n\r\n")

    def _send(self, request, lines, begun):
        """A kubelet's answer begins with its first line."""
        if not lines:
            return begun
        if not begun:
            self._begin(request)
        text = "".join(lines).encode()
        request.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        request.wfile.flush()
        return True

    @staticmethod
    def _begin(request):
        request.send_response(200)
        request.send_header("Content-Type", "text/plain")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()


def allow(cluster):
    """What the chart's podLogs.enabled gives."""
    rules = [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _RIGHTS}
    account = {"kind": "ServiceAccount", "name": "remint", "namespace": "remint-system"}
    about = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": _RIGHTS}}
    resources.apply(cluster, [
        about | {"kind": "ClusterRole", "rules": rules},
        about | {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": [account]},
    ])
