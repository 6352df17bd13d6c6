"""What programs print into their own logs, as `kubectl logs --timestamps` tells it."""

from .moments import klog, micros, stamp

HEADERS = (
    "HTTPHeaderDict({{'Audit-Id': '{id}', 'Cache-Control': 'no-cache, private', 'Content-Type': 'application/json', "
    "'Content-Length': '129'}})"
)
BODY = (
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized",'
    '"reason":"Unauthorized","code":401}'
)


def python(at, audit_id):
    """The Python client of Kubernetes: an error of several lines, with the id of the request."""
    return [
        "kubernetes.client.exceptions.UnauthorizedException: (401)",
        "Reason: Unauthorized",
        "HTTP response headers: " + HEADERS.format(id=audit_id),
        "HTTP response body: " + BODY,
    ]


def client_go(at, audit_id):
    """client-go's reflector: a line that names nothing but itself."""
    return [
        f"E{klog(at)}       1 reflector.go:251] pkg/mod/cache/reflector.go:95: Failed to list *v1.ConfigMap: Unauthorized"
    ]


class PodLogs:
    """All logs of a cluster that somebody kept."""

    def __init__(self, cluster):
        self.cluster, self._lines = cluster, {}

    def print(self, pod, container, lines, after=0.002):
        at = micros(self.cluster.now + after)
        self._lines.setdefault((pod.namespace, pod.name, container), []).extend((at, line) for line in lines)

    def refused(self, pod, container, voice, audit_id, after=0.002):
        self.print(pod, container, voice(micros(self.cluster.now + after), audit_id), after)

    def write(self, folder, heard):
        folder.mkdir(exist_ok=True)
        for key, lines in sorted(self._lines.items()):
            text = "".join(f"{stamp(at)} {line}\n" for at, line in lines if at >= heard)
            (folder / f"{'_'.join(key)}.log").write_text(text)
