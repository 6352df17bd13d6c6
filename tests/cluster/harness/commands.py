"""The program as people call it, with a kubeconfig of their own: `remint restart`, `explain`, `approve`, `deny`, `resume`."""

import subprocess

from .remint import default_binary

OK, FAILED, USAGE = 0, 1, 2


class Commands:
    """Runs the binary as somebody with a kubeconfig; without one, as the cluster's administrator."""

    def __init__(self, cluster, namespace=None, kubeconfig=None):
        self.kubeconfig = kubeconfig or cluster.kubeconfig
        self.namespace = namespace

    def __call__(self, command, *arguments, timeout=150):
        line = [default_binary(), command, *arguments, "--kubeconfig", self.kubeconfig]
        if self.namespace:
            line += ["-n", self.namespace]
        return subprocess.run([str(word) for word in line], capture_output=True, text=True, timeout=timeout)


def succeeded(done):
    assert done.returncode == OK, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def refused(done, code, *words):
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    for word in words:
        assert word in done.stderr, done.stderr
    assert done.stdout == ""
