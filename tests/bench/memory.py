#!/usr/bin/env python3
"""What `remint run` takes to know a cluster of N pods: time to synced beside curl, resident memory, idle CPU.

The pods are served by the in-process API server of the tests, over HTTP on loopback. Synced means all lists, not only the pods'.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

IDLE_SECONDS = 60


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--remint", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--pods", type=int, required=True)
    parser.add_argument("--idle", type=int, default=IDLE_SECONDS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([arguments.server, "--pods", str(arguments.pods)], stdout=subprocess.PIPE, text=True)
        try:
            measure(server.stdout.readline().strip(), folder, arguments)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def measure(url, folder, arguments):
    size = download(url, folder)  # warm
    begin = time.monotonic()
    download(url, folder)
    curl = time.monotonic() - begin

    kubeconfig = os.path.join(folder, "kubeconfig")
    with open(kubeconfig, "w") as out:
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }, out)
    log = os.path.join(folder, "remint.log")
    with open(log, "w") as err:
        begin = time.monotonic()
        remint = subprocess.Popen(
            [arguments.remint, "run", "--kubeconfig", kubeconfig, "--listen", "127.0.0.1:0", "--audit-insecure-http",
             "--audit-listen", "127.0.0.1:0", "--no-leader-elect", "--log-format", "json"], stderr=err)
    try:
        port = wait_for(lambda: listening(log), 30)
        wait_for(lambda: ready(port), 120)
        synced = time.monotonic() - begin
        peak = memory(remint.pid, "VmHWM")
        before = cpu(remint.pid)
        time.sleep(arguments.idle)
        idle = (cpu(remint.pid) - before) / arguments.idle
        resident = memory(remint.pid, "VmRSS")
    finally:
        remint.send_signal(signal.SIGTERM)
        remint.wait(30)
    print(f"{arguments.pods:>7} pods, {size / 1e6:.0f} MB: curl {curl:.2f} s, synced {synced:.2f} s "
          f"(ratio {synced / curl:.2f}), RSS {resident:.0f} MB (peak {peak:.0f} MB), idle {idle * 100:.2f} % of a core")


def download(url, folder):
    """The whole list in one request: nothing could be faster."""
    target = os.path.join(folder, "list")
    subprocess.run(["curl", "-sf", "-o", target, f"{url}/api/v1/pods"], check=True)
    return os.path.getsize(target)


def listening(log):
    with open(log) as lines:
        for line in lines:
            if '"Listening"' in line:
                return json.loads(line)["metricsAndHealth"]
    return None


def ready(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200
    except OSError:
        return False


def wait_for(check, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := check():
            return result
        time.sleep(0.01)
    raise SystemExit("timed out")


def memory(pid, field):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{field}:\s+(\d+) kB", status.read())[1]) / 1024


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
