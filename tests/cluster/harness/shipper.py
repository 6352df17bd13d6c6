"""A real log shipper, syslog-ng, between the API server's files and Remint."""

import os
import subprocess
from pathlib import Path

from .process import Process

_BUILDER = Path(__file__).resolve().parent.parent / "build-shipper"
_CONFIG = """@version: 3.35
options {{ log-msg-size(1048576); keep-hostname(yes); }};
{routes}
"""
_ROUTE = """source s_{name} {{ file("{file}" flags(no-parse) follow-freq(0.2)); }};
destination d_{name} {{ http(
  url("{url}") method("POST") headers("Content-Type: {content_type}")
  body('{body}') delimiter("\\n") batch-lines(100) batch-timeout(200) retries(1000)
  tls(ca-file("{ca}") cert-file("{cert}") key-file("{key}"))
); }};
log {{ source(s_{name}); destination(d_{name}); flags(flow-control); }};
"""


def fetch():
    """(folder, None), or (None, why there is no shipper here)."""
    result = subprocess.run([str(_BUILDER)], capture_output=True, text=True, check=False, timeout=300)
    if result.returncode != 0:
        return None, result.stderr.strip().splitlines()[-1] if result.stderr.strip() else "it cannot be fetched"
    return Path(result.stdout.strip().splitlines()[-1]), None


class Shipper:
    """Ships each file of `routes`: (file, path of the endpoint, body as a template, Content-Type)."""

    def __init__(self, folder, cluster, operator, routes):
        client = cluster.authority.client("shipper", "shipper", [])
        home = cluster.folder / "shipper"
        home.mkdir()
        written = "".join(
            _ROUTE.format(
                name=number, file=file, url=f"https://127.0.0.1:{operator.audit_port}{path}", body=body,
                content_type=content_type, ca=cluster.authority.cert, cert=client.cert, key=client.key,
            )
            for number, (file, path, body, content_type) in enumerate(routes)
        )
        config = home / "syslog-ng.conf"
        config.write_text(_CONFIG.format(routes=written))
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
