"""What a real node needs of the machine, and what is missing of it. As a program: says it in capitals, ends with 1 if so."""

import os
import shutil
import sys
from pathlib import Path

PLUGINS = next((folder for folder in ("/usr/lib/cni", "/opt/cni/bin") if Path(folder, "bridge").is_file()), None)
_PROGRAMS = {"containerd": "containerd", "ctr": "containerd", "runc": "runc", "iptables": "iptables", "ip": "iproute2",
             "conntrack": "conntrack", "unshare": "util-linux"}  # fmt: skip


def missing():
    """None, or what a person should do."""
    lacks = [] if os.geteuid() == 0 else ["root"]
    lacks += sorted({package for program, package in _PROGRAMS.items() if not _found(program)})
    if PLUGINS is None:
        lacks.append("containernetworking-plugins")
    if not lacks:
        return None
    return f"a real node needs {', '.join(lacks)}: run tests/node/run as root after deploy/install-dependencies --node"


def _found(program):
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


if __name__ == "__main__":
    reason = missing()
    if reason:
        sys.exit(f"NO NODE TO TEST ON: {reason.upper()}")
