"""One child process: started with its output in a file, waited for, and always stopped in the end."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from .guardian import Guardian
from .wait import wait_until


class ProcessError(RuntimeError):
    """A child ended when it should have been running. The message ends with its last log lines."""


class Process:
    """A child in its own process group, so that a Ctrl-C on the terminal is ours to pass on.

    The log is appended to: a process that is started again (same Process, `start()`) keeps one log.
    """

    def __init__(self, name, command, log, env=None, cwd=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = Path(log)
        self.env = env
        self.cwd = cwd
        self._popen = None
        self._stopping = threading.Lock()

    def start(self):
        if self.running():
            raise ProcessError(f"{self.name} is already running as pid {self.pid}")
        environment = dict(os.environ)
        environment.update(self.env or {})
        with open(self.log, "ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.cwd,
                start_new_session=True,
            )
        Guardian.get().watch(self._popen.pid)
        return self

    @property
    def pid(self):
        return self._popen.pid if self._popen else None

    def running(self):
        return self._popen is not None and self._popen.poll() is None

    def returncode(self):
        """None while running; negative: the number of the signal that ended it."""
        return self._popen.poll() if self._popen else None

    def signal(self, number):
        if self.running():
            os.kill(self._popen.pid, number)

    def kill(self):
        """SIGKILL, and waits until it is gone."""
        self.stop(grace=0)

    def stop(self, grace=10):
        """SIGTERM, SIGKILL after `grace` seconds. Returns the exit code; harmless when not running."""
        with self._stopping:
            if self._popen is None:
                return None
            if self._popen.poll() is None:
                if grace > 0:
                    self._popen.send_signal(signal.SIGTERM)
                    self._popen.send_signal(signal.SIGCONT)  # a stopped process cannot obey
                    try:
                        self._popen.wait(grace)
                    except subprocess.TimeoutExpired:
                        pass
                if self._popen.poll() is None:
                    self._popen.kill()
                    self._popen.wait()
            Guardian.get().forget(self._popen.pid)
            return self._popen.returncode

    def wait_exit(self, timeout):
        """Waits for the process to end by itself; returns its exit code."""
        wait_until(lambda: not self.running(), timeout, f"{self.name} to end")
        return self.stop()

    def wait_ready(self, check, timeout, what, swallow=(OSError,)):
        """Waits for `check`; fails at once, with the log's end, when the process dies meanwhile."""
        deadline = time.monotonic() + timeout
        while True:
            if not self.running():
                raise ProcessError(
                    f"{self.name} ended with {self.returncode()} before {what}.\n{self.log_tail()}"
                )
            try:
                if check():
                    return
            except swallow:
                pass
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.name}: not {what} after {timeout:g} s.\n{self.log_tail()}")
            time.sleep(0.1)

    def log_tail(self, lines=25):
        try:
            text = self.log.read_text(errors="replace")
        except OSError as error:
            return f"(no log: {error})"
        return f"--- end of {self.log}:\n" + "\n".join(text.splitlines()[-lines:])
