"""A real log shipper, syslog-ng, between the API server's files and Remint."""

import os
import subprocess
from pathlib import Path

from .folders import DEPLOY
from .process import Process

_BUILDER = Path(__file__).resolve().parent.parent / "build-shipper"
_CONFIG = DEPLOY / "shippers" / "syslog-ng.conf"


def fetch():
    """(folder, None), or (None, why there is no shipper here)."""
    result = subprocess.run([str(_BUILDER)], capture_output=True, text=True, check=False, timeout=300)
    if result.returncode != 0:
        return None, result.stderr.strip().splitlines()[-1] if result.stderr.strip() else "it cannot be fetched"
    return Path(result.stdout.strip().splitlines()[-1]), None


class Shipper:
    """With the configuration that people are given, but for the places of files and of Remint, and a client certificate."""

    def __init__(self, folder, cluster, operator):
        client = cluster.authority.client("shipper", "shipper", [])
        home = cluster.folder / "shipper"
        home.mkdir()
        text = _CONFIG.read_text()
        for given, here in {
            "/var/log/kubernetes/audit/audit.log": cluster.apiserver.audit_log,
            "/var/log/kube-apiserver.log": cluster.apiserver.process.log,
            "https://remint-audit.remint-system.svc:8443": f"https://127.0.0.1:{operator.audit_port}",
            'ca-file("/etc/remint/ca.crt")': f'ca-file("{cluster.authority.cert}") cert-file("{client.cert}") key-file("{client.key}")',
        }.items():
            assert given in text, f"{_CONFIG.name} has no {given} any more"
            text = text.replace(given, str(here))
        config = home / "syslog-ng.conf"
        config.write_text(text)
        libraries = [folder / "usr/lib/x86_64-linux-gnu", folder / "lib/x86_64-linux-gnu", folder / "usr/lib/syslog-ng"]
        modules = next((folder / "usr/lib/syslog-ng").glob("3.*"))
        command = [
            folder / "usr/sbin/syslog-ng", "--foreground", "--no-caps", "--stderr", f"--cfgfile={config}",
            f"--module-path={modules}", f"--persist-file={home}/persist", f"--pidfile={home}/pid",
            f"--control={home}/control",
        ]  # fmt: skip
        paths = ":".join(str(path) for path in libraries)
        self.process = Process("syslog-ng", command, cluster.logs / "syslog-ng.log",
                               env={"LD_LIBRARY_PATH": f"{paths}:{os.environ.get('LD_LIBRARY_PATH', '')}"})

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.stop(5)
