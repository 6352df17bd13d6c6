"""Requests to the API server that change something, as the write proxy sees them."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
# Who leads, what is told, and how a policy is doing: written all the time, and nobody's workload depends on it.
_HOUSEKEEPING = ("leases", "events", "selfsubjectaccessreviews", "tokenreviews")
_POLICIES = ("clustertokenrefreshpolicies", "tokenrefreshpolicies")
_PATH = re.compile(
    r"^/(?:api|apis/(?P<group>[^/]+))/v[^/]+(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>[^/]+))?$"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


@dataclass
class Write:
    """One write. `number` counts from 1 in the order of arrival; `code` is None as long as it has no answer."""

    number: int
    method: str
    path: str
    resource: str
    namespace: str
    name: str
    subresource: str
    dry_run: bool
    body: object = field(repr=False)
    code: int | None = None
    fate: str = "passed"  # or "refused" (by the proxy), "dropped" (never reached the API server)

    @property
    def label(self):
        """What it does, in a few words, the same for the same step of another run."""
        words = [self.method, "/".join(filter(None, (self.resource, self.subresource)))]
        if self.dry_run:
            words.append("(dry run)")
        if summary := _summary(self):
            words.append(summary)
        return " ".join(words)

    @property
    def key(self):
        """The same for a write that is tried again, whose times and versions may then differ."""
        return (self.method, self.path, self.dry_run, json.dumps(_lasting(self.body), sort_keys=True))


def parse_write(method, target, body):
    """The Write that a request is, with number 0; None when it changes nothing or only housekeeping."""
    if method not in _CHANGING:
        return None
    parts = urlsplit(target)
    match = _PATH.match(parts.path)
    if match is None or match["resource"] in _HOUSEKEEPING:
        return None
    if match["resource"] == "configmaps" and (match["name"] or "").endswith("-memory"):
        return None
    if match["resource"] in _POLICIES and match["subresource"] == "status":
        return None
    try:
        content = json.loads(body) if body else {}
    except ValueError:
        content = {"unreadable": len(body)}
    return Write(
        0,
        method,
        parts.path,
        match["resource"],
        match["namespace"] or "",
        match["name"] or (content.get("metadata", {}).get("name", "") if isinstance(content, dict) else ""),
        match["subresource"] or "",
        "All" in parse_qs(parts.query).get("dryRun", []) or _asks_for_dry_run(content),
        content,
    )


def _asks_for_dry_run(content):
    """DeleteOptions and an Eviction carry it in their body."""
    if not isinstance(content, dict):
        return False
    options = content.get("deleteOptions") or content
    return "All" in (options.get("dryRun") or [])


def _summary(write):
    """Of a journal's status its phase and step; of everything else the fields that it sets."""
    body = write.body if isinstance(write.body, dict) else {}
    if write.resource == "workloadrestarts" and write.subresource == "status":
        status = body.get("status", {})
        blocked = [c["reason"] for c in status.get("conditions") or [] if c["type"] == "Blocked" and c["status"] == "True"]
        return "/".join(filter(None, (status.get("phase"), status.get("step"), *blocked)))
    if write.method == "DELETE":
        return body.get("propagationPolicy", "")
    if write.method == "POST":
        return ""
    spec = body.get("spec") or {}
    if "replicas" in spec:
        return f"replicas={spec['replicas']}"
    if "finalizers" in body.get("metadata", {}):
        return "hold" if body["metadata"]["finalizers"] else "release"
    return ",".join(key for key in (*body.get("metadata", {}), *spec) if key not in ("uid", "resourceVersion"))


def _lasting(value):
    """Without what differs from try to try."""
    if isinstance(value, dict):
        if {"phase", "step"} <= value.keys():  # a journal's status: its messages count the minutes
            return {key: value[key] for key in ("phase", "step", "outcome") if key in value}
        fleeting = ("resourceVersion", "seal", "message")
        return {key: _lasting(inner) for key, inner in value.items() if key not in fleeting}
    if isinstance(value, list):
        return [_lasting(inner) for inner in value]
    return _TIME.sub("T", value) if isinstance(value, str) else value
