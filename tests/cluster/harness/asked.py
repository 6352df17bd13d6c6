"""Which requests Remint made of a cluster, by the audit log: what its rights must be, no more and no less.

With $REMINT_REQUESTS, the name of a file, every cluster adds what was asked of it when it stops; tests/chart/test_needed_verbs.py
holds the file against the chart. Lines: API group, resource (with its subresource), verb, namespace, separated by tabs.
"""

import json
import os

_ACCOUNT = "system:serviceaccount:remint-system:remint"


def note(cluster):
    """Adds a cluster's requests to the file. One write per cluster, appended, so that several test processes may share it."""
    name = os.environ.get("REMINT_REQUESTS")
    if not name:
        return
    lines = "".join(f"{line}\n" for line in sorted(requests_in(cluster)))
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, lines.encode())
    finally:
        os.close(descriptor)


def requests_in(cluster):
    """Refused ones count as well: what it asks for and may not have is a right that is missing."""
    asked = set()
    for log in cluster.logs.glob("audit*.log"):  # rotated ones, too
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                if _ACCOUNT in line and line.endswith("\n"):
                    asked |= _request(json.loads(line))
    return asked


def _request(event):
    about = event.get("objectRef")
    # Others, such as a test's own clients, may call by the same account's token.
    if about is None or event["user"].get("username") != _ACCOUNT or not event.get("userAgent", "").startswith("remint/"):
        return set()
    resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
    return {"\t".join((about.get("apiGroup", ""), resource, event["verb"], about.get("namespace", "")))}
