"""Where the Kubernetes binaries are: KUBEBUILDER_ASSETS, the user's cache, or built there now."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok")
BUILDER = Path(__file__).resolve().parent.parent / "build-kubernetes"
_OLDEST_GO = (1, 21)


class BinariesMissing(RuntimeError):
    """There are none and none can be built. The message says what to install."""


def missing_reason():
    """None when the binaries are there or can be built; otherwise what a person should do."""
    if os.environ.get("KUBEBUILDER_ASSETS"):
        return None  # an incomplete folder is an error, not a reason to skip
    if _built_before():
        return None
    go = shutil.which("go")
    if go is None:
        return "Go is not installed and KUBEBUILDER_ASSETS is not set: install Go 1.21 or newer"
    version = _go_version(go)
    if version is not None and version < _OLDEST_GO:
        return f"Go {version[0]}.{version[1]} is too old and KUBEBUILDER_ASSETS is not set: install Go 1.21 or newer"
    return None


def folder(quiet=False):
    """The folder with all of NAMES; builds them the first time (minutes, progress on standard error)."""
    reason = missing_reason()
    if reason:
        raise BinariesMissing(reason)
    result = subprocess.run(
        [str(BUILDER)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else sys.__stderr__,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise BinariesMissing(f"{BUILDER.name} ended with {result.returncode}; run {BUILDER} to see why")
    return Path(result.stdout.strip().splitlines()[-1])


def _built_before():
    """Whether some earlier run left all binaries in the cache: then Go is not needed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remint"
    return any(all((folder / name).is_file() for name in NAMES) for folder in cache.glob("kubernetes-*"))


def _go_version(go):
    # `go version` itself would download a toolchain when a go.mod above asks for one; ask locally.
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    output = subprocess.run([go, "version"], capture_output=True, text=True, check=False, env=environment, cwd="/")
    match = re.search(r"go(\d+)\.(\d+)", output.stdout)
    return (int(match[1]), int(match[2])) if match else None
