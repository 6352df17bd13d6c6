#!/usr/bin/env python3
"""Judges the attribution of `remint replay` by incidents whose truth is known.

Each incident (incidents/*.py; `generate.py --list` prints the sentences) is a cluster simulated from the facts about Kubernetes and
its clients, for one seed. It is written to a folder, replayed with the API server's log and the pods' own logs where it has some, and without, and every
decision is held against truth.json:

    must     broken and knowable: a Restart is demanded, not before it broke, and where it says `before`, not after that
    may      a Restart is right, and so is none
    refuse   broken, but nobody can know who it is: a Restart is a guess, and counts as a false accusation
    never    it fails, but a Restart does not help or is not ours: a Restart is a false accusation
    (others) innocent: a Restart is a false accusation

    named    `must` that were restarted        precision   right Restarts among all of workloads
    missed   `must` that were not, or too late recall      named among `must`
    spared   `refuse` and `never` that were left alone
    aloud    runs with something to spare in which Remint said so      diagnosis, pods   of those named: right
    delay    from the first 401 to the Restart

The calibration table takes every decision that names a workload: of those that state a confidence of 0.95, 95 % should name one that
is broken. Tune on --seeds 1,2,3 and report on 11,12,13. The exit code is 1 when an aim is missed (see AIMS), unless --report-only.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import incidents  # noqa: F401 (registers them)
from judging.report import AIMS, calibration, missed_aims, names, table
from judging.run import Job, examine
from world.incident import INCIDENTS

BINARY = Path(__file__).resolve().parents[2] / "build" / "release" / "remint"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=BINARY)
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated (default: %(default)s)")
    parser.add_argument("--only", metavar="NAME", action="append", choices=sorted(INCIDENTS), help="may be repeated")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the incidents and the decisions there")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--report-only", action="store_true", help="exit code 0 even if an aim is missed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="remint-traces-") as scratch:
        folder = arguments.keep or Path(scratch)
        jobs = [
            Job(name, int(seed), folder, arguments.binary, arguments.keep is not None)
            for seed in arguments.seeds.split(",")
            for name in arguments.only or INCIDENTS
        ]
        with ProcessPoolExecutor(arguments.processes) as pool:
            verdicts = [verdict for some in pool.map(examine, jobs) for verdict in some]
    for title, with_log in (("With the API server's log, and pods' own, where there are any", True), ("Without any log", False)):
        chosen = [verdict for verdict in verdicts if verdict.log == with_log or not verdict.has_log]
        print(f"\n{title}\n{table(chosen)}")
    print(f"\nConfidence, all runs\n{calibration(verdicts)}")
    print(f"\n{names(verdicts)}")
    missed = missed_aims(verdicts) if not arguments.only else []
    print("\n".join(["", *(f"AIM MISSED: {line}" for line in missed)]) if missed else f"\nAll aims met: {AIMS}")
    return 1 if missed and not arguments.report_only else 0


if __name__ == "__main__":
    sys.exit(main())
