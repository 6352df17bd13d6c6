"""A process of its own that outlives nobody: it kills what a dead harness left behind.

It reads lines from standard input: `+ PID START` when a child was started, `- PID` when it was reaped.
When its input ends, the harness has gone, however it went (an exception, SIGTERM, SIGKILL), and
everything still on the list is killed, each with its process group. START is the process's start
time in /proc, so that a reused pid is never hit.
"""

import os
import signal
import subprocess
import sys
import threading


def start_time(pid):
    """The process's start in clock ticks since boot, or None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            # The command's name is in brackets and may itself contain spaces and brackets.
            return stat.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return None


class Guardian:
    """The harness's end: one guardian process per Python process, started with the first child."""

    _lock = threading.Lock()
    _instance = None

    def __init__(self):
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-I", os.path.abspath(__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C on the terminal must not reach it
        )

    @classmethod
    def get(cls):
        with cls._lock:
            if cls._instance is None or cls._instance._owner != os.getpid():
                cls._instance = cls()
            return cls._instance

    def watch(self, pid):
        self._send(f"+ {pid} {start_time(pid)}\n")

    def forget(self, pid):
        self._send(f"- {pid}\n")

    def _send(self, line):
        with self._lock:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    children = {}
    for line in sys.stdin:
        words = line.split()
        if words[0] == "+":
            children[int(words[1])] = words[2]
        else:
            children.pop(int(words[1]), None)
    for pid, started in children.items():
        if start_time(pid) == started:
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                pass


if __name__ == "__main__":
    main()
