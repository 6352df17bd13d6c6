"""The control group below which the kubelet puts all pods: cgroups.py --make NAME | --remove NAME

On cgroup v1 (also in hybrid mode) there is one of that name for each controller, on v2 there is one.
"""

import sys
import time
from pathlib import Path

MOUNTS = Path("/sys/fs/cgroup")


def roots():
    if (MOUNTS / "cgroup.controllers").is_file():
        return [MOUNTS]
    return [folder for folder in sorted(MOUNTS.iterdir()) if folder.is_dir() and not folder.is_symlink()]


def make(name):
    for root in roots():
        folder = root / name.lstrip("/")
        folder.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            # On v1 a new cpuset is empty, and nothing can run in it.
            if (folder / file).is_file() and root != MOUNTS:
                (folder / file).write_text((root / file).read_text())


def remove(name):
    for root in roots():
        top = root / name.lstrip("/")
        folders = sorted((path for path in top.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
        for folder in [*folders, top] if top.is_dir() else []:
            _remove(folder)


def _remove(folder, patience=10):
    """A group lasts until the last of its processes, which was killed a moment ago, has gone."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                print(f"{folder} could not be removed: it still has processes", file=sys.stderr)
                return None
        time.sleep(0.1)


if __name__ == "__main__":
    {"--make": make, "--remove": remove}[sys.argv[1]](sys.argv[2])
