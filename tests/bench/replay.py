#!/usr/bin/env python3
"""What `remint replay` takes for a recording of N events of 10,000 pods behind 100 nodes' addresses: time, and resident memory.

Each pod calls in six ways, so that there is something to learn; one event in a hundred is a rejection.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta

PODS, NODES, WAYS = 10_000, 100, 6
START = datetime(2026, 7, 1, tzinfo=UTC)
EVENT = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"%d","stage":"%s","requestURI":"/api/v1/namespaces/'
    'team-%d/%s?limit=500","verb":"list","user":%s,"sourceIPs":["%s"],"userAgent":"service-%d/v1.4.2 (linux/amd64) '
    'kubernetes/$Format","objectRef":{"resource":"%s","namespace":"team-%d","apiVersion":"v1"},"responseStatus":{"metadata":{},'
    '"code":%d},"requestReceivedTimestamp":"%s","stageTimestamp":"%s"}\n'
)
RESOURCES = ("configmaps", "secrets", "services", "pods", "endpoints", "events")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--remint", required=True)
    parser.add_argument("--events", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        objects, audit = os.path.join(folder, "objects.jsonl"), os.path.join(folder, "audit.jsonl")
        write_objects(objects)
        write_events(audit, arguments.events)
        size = os.path.getsize(audit)
        begin = time.monotonic()
        command = [arguments.remint, "replay", "--log-level", "error", "--output", "json", "--audit", audit, "--objects", objects]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds = time.monotonic() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"replay of {arguments.events} events ({size >> 20} MB), {PODS} pods behind {NODES} addresses: {seconds:.1f} s, "
          f"{arguments.events / seconds:,.0f} events/s, peak {peak:.0f} MB (the recording is held whole)")


def write_objects(path):
    with open(path, "w") as out:
        for node in range(NODES):
            addresses = [{"type": "InternalIP", "address": address(node)}]
            write(out, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{node}"}, "status": {"addresses": addresses}})
        for pod in range(PODS):
            write(out, {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": f"pod-{pod}", "namespace": f"team-{pod % 200}", "uid": uid(pod), "creationTimestamp": stamp(0)[:19] + "Z"},
                "spec": {"nodeName": f"node-{pod % NODES}", "serviceAccountName": "default", "containers": [{"name": f"service-{pod // 10}"}]},
                "status": {"phase": "Running", "podIP": f"10.{64 + (pod >> 16)}.{(pod >> 8) & 255}.{pod & 255}"},
            })  # fmt: skip


def write_events(path, events):
    with open(path, "w") as out:
        for number in range(events):
            pod, way = number % PODS, number // PODS % WAYS
            rejected = number % 100 == 99
            user = "{}" if rejected else (
                '{"username":"system:serviceaccount:team-%d:default","extra":{"authentication.kubernetes.io/credential-id":["JTI=%d"],'
                '"authentication.kubernetes.io/pod-name":["pod-%d"],"authentication.kubernetes.io/pod-uid":["%s"]}}'
                % (pod % 200, pod, pod, uid(pod)))
            at = stamp(60_000_000 + number * 600)
            out.write(EVENT % (number, "ResponseStarted" if rejected else "ResponseComplete", pod % 200, RESOURCES[way], user,
                               address(pod % NODES), pod // 10, RESOURCES[way], pod % 200, 401 if rejected else 200, at, at))


def write(out, item):
    out.write(json.dumps(item, separators=(",", ":")) + "\n")


def uid(pod):
    return f"{pod:08x}-8d0f-4f5e-9a53-1f7f6b1c2d3e"


def address(node):
    return f"192.168.{node >> 8}.{node & 255}"


def stamp(micros):
    return (START + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


if __name__ == "__main__":
    main()
