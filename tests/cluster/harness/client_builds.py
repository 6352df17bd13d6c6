"""Where the real client libraries are installed: in the user's cache, or put there now."""

import subprocess
import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent / "clients"
LINES = CLIENTS / "lines"  # what each client was seen to log
_BUILDER = CLIENTS.parent / "build-clients"


class ClientBuilds:
    """Installs all clients the first time, which takes minutes (progress on standard error)."""

    def __init__(self):
        result = subprocess.run(
            [str(_BUILDER)], stdout=subprocess.PIPE, stderr=sys.__stderr__, text=True, check=False
        )
        self.folder = Path(result.stdout.strip().splitlines()[-1])
        self.failed = result.returncode != 0

    def has(self, name):
        return (self.folder / name / "ready").is_file()


def missing_mounts():
    """None when this user may have a mount namespace of its own; otherwise why not."""
    try:
        result = subprocess.run(
            ["unshare", "--mount", "true"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        return str(error)
    return None if result.returncode == 0 else result.stderr.strip()
