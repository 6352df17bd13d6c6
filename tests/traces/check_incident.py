#!/usr/bin/env python3
"""Replays deploy/examples/incident and compares with what is known of it: who was broken, who was healthy, who was lied about."""

import json
import subprocess
import sys
from pathlib import Path

INCIDENT = Path(__file__).resolve().parents[2] / "deploy" / "examples" / "incident"
BROKEN = {
    "reports": ("StaleToken", "RolloutRestart"),
    "ledger": ("Expired", "RolloutRestart"),
    "agent": ("SigningKeyChanged", "RolloutRestart"),
    "orders": ("Expired", "RolloutRestart"),
    "intruder": ("Expired", "RolloutRestart"),
    "web": ("Expired", "RollingReplace"),
    "batch": ("Expired", "ScaleToZero"),
    "fleet": ("Expired", "EvictPods"),
    "shell": ("Expired", "Recreate"),
    "shipping": ("Expired", "RolloutRestart"),  # behind its node's address
}
TWINS = {"castor", "pollux"}  # broken, but nobody can tell which of them, or both
KEYS = ["time", "workload", "pods", "diagnosis", "confidence", "decision", "strategy", "policy", "notBefore", "breaksAt",
        "reason", "evidence"]


def main():
    remint = sys.argv[1]
    command = [remint, "replay", "--output", "json", "--audit", INCIDENT / "audit.jsonl.gz", "--objects",
               INCIDENT / "objects.jsonl.gz", "--policy", INCIDENT / "policy.yaml", "--apiserver-log",
               INCIDENT / "apiserver.log.gz"]
    lines = [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    decisions, summary = lines[:-1], lines[-1]["summary"]
    assert all(list(decision) == KEYS for decision in decisions), "the keys of the contract, in their order"
    assert [d["time"] for d in decisions] == sorted(d["time"] for d in decisions)
    restarts = [
        (d["workload"]["name"], (d["diagnosis"], d["strategy"])) for d in decisions if d["decision"] == "Restart"
    ]
    assert sorted(restarts) == sorted(BROKEN.items()), restarts
    refused = {d["workload"]["name"] for d in decisions if d["decision"] == "Refuse"}
    assert refused and refused <= TWINS, refused
    assert {d["workload"]["name"] for d in decisions} <= set(BROKEN) | TWINS, "nobody else is spoken of"
    assert summary["decisions"]["Restart"] == len(BROKEN)
    assert {d["decision"] for d in decisions} <= {"Restart", "Wait", "Refuse"}, "what a restart passes through is no finding"
    # The twins' requests, the first ones from the node's address, and addresses handed on within the last seconds.
    assert summary["unattributed"] < summary["rejected"] / 2 and summary["external"] == 0, summary
    print(f"{len(decisions)} decisions, as it was")


if __name__ == "__main__":
    main()
