#!/usr/bin/env python3
"""Writes incidents with known truth: generate.py FOLDER [--seed N] [--only NAME] makes FOLDER/NAME-N with audit.jsonl.gz,
objects.jsonl, policy.yaml, truth.json and, for some, apiserver.log: what `remint replay` reads, and what it should find.
"""

import argparse
from pathlib import Path

import incidents  # noqa: F401 (registers them)
from world.incident import INCIDENTS, write


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="NAME", action="append", choices=sorted(INCIDENTS))
    parser.add_argument("--list", action="store_true", help="names, classes and sentences")
    arguments = parser.parse_args()
    if arguments.list:
        for incident in INCIDENTS.values():
            print(f"{incident.name} ({incident.kind}): {incident.sentence}")
        return
    if arguments.folder is None:
        parser.error("where to?")
    for name in arguments.only or INCIDENTS:
        count = write(INCIDENTS[name], arguments.seed, arguments.folder / f"{name}-{arguments.seed}")
        print(f"{name}: {count} events")


if __name__ == "__main__":
    main()
