"""The image's program in a container by runc: read-only root, no capabilities, its own user, the host's network."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

_SYSTEM = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
]


class Container:
    """Made in `folder`; `run()` starts the entrypoint with arguments, as the user of the image."""

    def __init__(self, image, folder):
        self.image = image
        self.folder = folder
        self.name = f"remint-image-test-{os.getpid()}-{folder.name}"
        self.process = None

    def run(self, *arguments, binds=()):
        user, _, group = self.image.config["config"]["User"].partition(":")
        spec = {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": int(user), "gid": int(group)},
                "args": [*self.image.config["config"]["Entrypoint"], *arguments],
                "env": [f"PATH={self.image.config['config'].get('Env', ['PATH=/usr/bin'])[0].removeprefix('PATH=')}"],
                "cwd": "/",
                "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.image.root), "readonly": True},
            "mounts": _SYSTEM
            + [{"destination": f"/{path.name}", "source": str(path), "options": ["bind", "ro"]} for path in binds],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]},
        }
        self.folder.mkdir(exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps(spec))
        command = ["runc", "--root", self.folder / "runc", "run", "--bundle", self.folder, self.name]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return self

    def output(self):
        return self.process.communicate(timeout=30)[0]

    def wait_answer(self, url, timeout=20):
        """Seconds from the start of the program itself, without runc's, to the first answer; and its processor time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=1):
                    return self._times()
            except OSError:
                time.sleep(0.001)
        raise AssertionError(f"no answer at {url} within {timeout} s: {self.output() if self.process.poll() else ''}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # runc passes it on
            self.process.wait(30)
        return self.process.returncode

    def _times(self):
        pid = json.loads(next((self.folder / "runc").glob("*/state.json")).read_text())["init_process_pid"]
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        uptime, tick = float(Path("/proc/uptime").read_text().split()[0]), os.sysconf("SC_CLK_TCK")
        return uptime - int(fields[19]) / tick, (int(fields[11]) + int(fields[12])) / tick
