#!/usr/bin/env python3
"""What `remint run` takes to know a cluster of N pods: time to synced beside curl, CPU time, resident memory, idle CPU.

The pods are served by the in-process API server of the tests, over HTTP on loopback. Synced means all lists, not only the pods'.
Each round downloads the list with curl and then starts Remint, so that both meet the same machine; the medians of the rounds'
ratios are printed. Several --remint are taken in turns: that is how two builds are compared.
"""

import argparse
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request

IDLE_SECONDS = 60
SETTLE_SECONDS = 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--remint", required=True, action="append")
    parser.add_argument("--server", required=True)
    parser.add_argument("--pods", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=int, default=IDLE_SECONDS, help="seconds, once; 0: not measured")
    arguments = parser.parse_args()
    # In memory: what a disk does meanwhile would flatter us.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        server = subprocess.Popen([arguments.server, "--pods", str(arguments.pods)], stdout=subprocess.PIPE, text=True)
        try:
            measure(server.stdout.readline().strip(), folder, arguments)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def measure(url, folder, arguments):
    target = os.path.join(folder, "list")
    download(url, target)  # warm
    size = os.path.getsize(target)
    kubeconfig = os.path.join(folder, "kubeconfig")
    with open(kubeconfig, "w") as out:
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }, out)
    rounds = {program: [] for program in arguments.remint}
    for number in range(arguments.rounds):
        for program in arguments.remint:
            idle = arguments.idle if number == 0 else 0
            rounds[program].append(one_round(program, url, kubeconfig, folder, idle))
    print(f"{arguments.pods:>7} pods, {size / 1e6:.0f} MB, medians of {arguments.rounds} rounds:")
    for program, results in rounds.items():
        def median(name):
            return statistics.median(result[name] for result in results)
        print(f"  {program}: curl {median('curl'):.2f} s, synced {median('synced'):.2f} s "
              f"(ratio {median('ratio'):.2f}, from {min(r['ratio'] for r in results):.2f} to {max(r['ratio'] for r in results):.2f}; "
              f"to a curl that throws the list away {median('nowhere'):.2f}), "
              f"CPU {median('cpu'):.2f} s (curl {median('curl_cpu'):.2f} s), "
              f"RSS {median('resident'):.0f} MB (peak {median('peak'):.0f} MB), idle {results[0]['idle'] * 100:.2f} % of a core")


def one_round(program, url, kubeconfig, folder, idle_seconds):
    nowhere = download(url, os.devnull)
    used = children_cpu()
    curl = download(url, os.path.join(folder, "list"))
    curl_cpu = children_cpu() - used

    log = os.path.join(folder, "remint.log")
    with open(log, "w") as err:
        begin = time.monotonic()
        remint = subprocess.Popen(
            [program, "run", "--kubeconfig", kubeconfig, "--listen", "127.0.0.1:0", "--audit-insecure-http",
             "--audit-listen", "127.0.0.1:0", "--no-leader-elect", "--log-format", "json"], stderr=err)
    try:
        port = wait_for(lambda: listening(log), 30)
        wait_for(lambda: ready(port), 120)
        synced = time.monotonic() - begin
        used = cpu(remint.pid)
        time.sleep(SETTLE_SECONDS)
        before = cpu(remint.pid)
        time.sleep(idle_seconds)
        idle = (cpu(remint.pid) - before) / idle_seconds if idle_seconds else 0
        resident, peak = memory(remint.pid, "VmRSS"), memory(remint.pid, "VmHWM")
    finally:
        remint.send_signal(signal.SIGTERM)
        remint.wait(30)
    return {"curl": curl, "curl_cpu": curl_cpu, "synced": synced, "ratio": synced / curl, "nowhere": synced / nowhere, "cpu": used, "peak": peak,
            "resident": resident, "idle": idle}


def children_cpu():
    """Of the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def download(url, target):
    """The whole list in one request: nothing could be faster. Returns the seconds that it took."""
    begin = time.monotonic()
    subprocess.run(["curl", "-sf", "-o", target, f"{url}/api/v1/pods"], check=True)
    return time.monotonic() - begin


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
