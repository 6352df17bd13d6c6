"""Kubeconfig files: for clients of the API server, and for the API server as client of a webhook."""

from pathlib import Path

import yaml

from .pki import write_private


def write_kubeconfig(path, server, ca, pair=None, token=None, token_file=None):
    """A kubeconfig with one context. At most one kind of credential is needed; both may be given."""
    user = {}
    if pair:
        user |= {"client-certificate": str(pair.cert), "client-key": str(pair.key)}
    if token:
        user["token"] = token
    if token_file:
        user["tokenFile"] = str(token_file)
    cluster = {"server": server}
    if ca:
        cluster["certificate-authority"] = str(ca)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    path = Path(path)
    write_private(path, yaml.safe_dump(document).encode())
    return path
