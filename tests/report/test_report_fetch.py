"""`remint report` through the API server: the Lease names the leader, and the leader's pod is asked through the proxy."""

import http.server
import json
import os
import subprocess
import threading

import pytest
from test_report_html import REMINT, example

LEASE = "/apis/coordination.k8s.io/v1/namespaces/tools/leases/remint"
PROXY = "/api/v1/namespaces/tools/pods/remint-7d9c-x2x7p:9090/proxy/report"


@pytest.fixture
def cluster(tmp_path):
    """A kubeconfig for an API server that answers what `answers` says, and what it was asked."""
    if not os.path.exists(REMINT):
        pytest.skip(f"THERE IS NO {REMINT}: cmake --build --preset release --target remint")
    answers, asked = {}, []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            asked.append(self.path)
            code, body = answers.get(self.path, (404, {"kind": "Status", "message": "not found", "code": 404}))
            text = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))

    def report(*arguments):
        return subprocess.run([REMINT, "report", "--kubeconfig", config, "--lease-namespace", "tools", "--port", "9090", *arguments],
                              capture_output=True, text=True, timeout=60)

    yield answers, asked, report
    server.shutdown()


def lease(holder):
    return 200, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "remint"}, "spec": {"holderIdentity": holder}}


def test_the_leader_is_asked_through_the_proxy(cluster):
    answers, asked, report = cluster
    answers |= {LEASE: lease("remint-7d9c-x2x7p"), PROXY: (200, example())}
    done = report("-o", "csv")
    assert done.returncode == 0, done.stderr
    assert asked == [LEASE, PROXY]
    assert len(done.stdout.splitlines()) == 25


@pytest.mark.parametrize("lease_answer, proxy_answer, words", [
    (None, None, ["Lease tools/remint", "--lease-namespace"]),
    (lease(""), None, ["nobody leads"]),
    (lease("laptop_1/../x-42"), None, ["is no pod", "--url"]),
    (lease("remint-7d9c-x2x7p"), (403, {"kind": "Status", "status": "Failure", "message": "no", "reason": "Forbidden", "code": 403}),
     ["get pods/proxy in tools", "port-forward"]),
    (lease("remint-7d9c-x2x7p"), (421, {"kind": "Status", "status": "Failure", "message": "this replica does not lead: remint-b does", "code": 421}),
     ["remint-b does"]),
    (lease("remint-7d9c-x2x7p"), (200, {"hello": "world"}), ["no report of Remint"]),
], ids=["no lease", "nobody leads", "no pod", "forbidden", "a follower", "something else"])
def test_what_is_in_the_way_is_said_with_what_to_do(cluster, lease_answer, proxy_answer, words):
    answers, _, report = cluster
    answers |= {path: answer for path, answer in ((LEASE, lease_answer), (PROXY, proxy_answer)) if answer}
    done = report()
    assert done.returncode == 1 and done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr


def test_the_command_ends_each_time(cluster):
    """OpenSSL freed its locks at exit, a thread of the HTTP client waited for one of them, and the process for the thread."""
    answers, _, report = cluster
    answers |= {LEASE: lease("remint-7d9c-x2x7p"), PROXY: (200, example())}
    assert [report("-o", "csv").returncode for _ in range(25)] == [0] * 25
