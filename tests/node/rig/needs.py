"""What a real node needs of the machine, and what is missing of it. As a program: says it in capitals, ends with 1 if so.

What can be tried is tried: inside a container, root may be anything from all-powerful to a name.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PLUGINS = next((folder for folder in ("/usr/lib/cni", "/opt/cni/bin") if Path(folder, "bridge").is_file()), None)
_PROGRAMS = {"containerd": "containerd", "ctr": "containerd", "runc": "runc", "iptables": "iptables", "ip": "iproute2",
             "conntrack": "conntrack", "unshare": "util-linux"}  # fmt: skip
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remint"
_GROUPS = Path("/sys/fs/cgroup")
_NAMESPACES = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"]
# Inside namespaces of its own, which take along whatever was made there.
_TRIALS = {
    "mounts of its own": "mount --make-rshared / && mount -t tmpfs tmpfs /run",
    "overlayfs": 'mkdir lower upper work all && mount -t overlay overlay -o "lowerdir=lower,upperdir=upper,workdir=work" all',
    "bridges and veth devices": "ip link add probe0 type bridge && ip link add probe1 type veth peer name probe2",
    "forwarding of packets": "echo 1 >/proc/sys/net/ipv4/ip_forward",
    "iptables with NAT": "iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE",
}


def missing():
    """None, or what a person should do."""
    lacks = [] if os.geteuid() == 0 else ["root"]
    lacks += sorted({package for program, package in _PROGRAMS.items() if not _found(program)})
    if PLUGINS is None:
        lacks.append("containernetworking-plugins")
    if not lacks:
        forbidden = _forbidden()
        if forbidden:
            return f"a real node needs {', '.join(forbidden)}, which this machine or container does not allow"
    if not shutil.which("go") and not _built():
        lacks.append("Go 1.21 or newer")
    if not lacks:
        return None
    return f"a real node needs {', '.join(lacks)}: run tests/node/run as root after deploy/install-dependencies --node"


def _forbidden():
    path = os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}

    def allowed(*command, folder="/"):
        return subprocess.run(command, cwd=folder, env=path, capture_output=True, check=False, timeout=30).returncode == 0

    if not allowed(*_NAMESPACES, "true"):
        return ["network, mount and process namespaces"]
    found = []
    for what, script in _TRIALS.items():
        with tempfile.TemporaryDirectory(prefix="remint-probe-") as folder:
            if not allowed(*_NAMESPACES, "sh", "-c", script, folder=folder):
                found.append(what)
    return found if _groups_allowed() else [*found, "control groups"]


def _groups_allowed():
    """Whether a group can be made, and on cgroup v2 also given the controllers that the kubelet asks for."""
    version_2 = (_GROUPS / "cgroup.controllers").is_file()
    probe = (_GROUPS if version_2 else _GROUPS / "memory") / f"remint-probe-{os.getpid()}"
    try:
        probe.mkdir()
        try:
            if version_2:
                (_GROUPS / "cgroup.subtree_control").write_text("+cpu +memory +pids")
        finally:
            probe.rmdir()
    except OSError:
        return False
    return True


def _built():
    """An earlier run left everything that is built with Go."""
    return all(list(_CACHE.glob(name)) for name in ("kubernetes-*/kube-apiserver", "node-*/pause.tar", "helm-*/helm"))


def _found(program):
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


if __name__ == "__main__":
    reason = missing()
    if reason:
        sys.exit(f"NO NODE TO TEST ON: {reason.upper()}")
