"""One incident with one seed: generated, replayed, judged."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from world.incident import INCIDENTS, write

from .verdict import judge


@dataclass(frozen=True)
class Job:
    name: str
    seed: int
    folder: Path
    binary: Path
    keep: bool


def examine(job):
    """The verdicts of all replays of this incident: with its log, if it has one, and without."""
    folder = job.folder / f"{job.name}-{job.seed}"
    try:
        write(INCIDENTS[job.name], job.seed, folder)
    except Exception as error:
        raise RuntimeError(f"{folder.name} cannot be simulated") from error
    truth = json.loads((folder / "truth.json").read_text())
    verdicts = [
        judge(truth, replay(job.binary, folder, truth, log), log)
        for log in ([True, False] if truth["log"] else [False])
    ]
    if not job.keep:
        shutil.rmtree(folder)
    return verdicts


def replay(binary, folder, truth, log):
    command = [
        binary,
        "replay",
        "--output",
        "json",
        "--log-level",
        "error",
        "--objects",
        folder / "objects.jsonl",
        "--policy",
        folder / "policy.yaml",
        "--audit",
        *sorted(folder.glob("audit*.jsonl.gz")),
    ]
    if not truth["extended"]:
        command += ["--extended-token-lifetime", "1h"]  # whoever runs such a cluster knows and says so
    if log:
        if apiserver := sorted(folder.glob("apiserver*.log")):
            command += ["--apiserver-log", *apiserver]
        if (folder / "pod-logs").is_dir():
            command += ["--pod-logs", folder / "pod-logs"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{folder.name}: remint replay ended with {result.returncode}: {result.stderr.strip()}")
    (folder / f"decisions{'-with-log' if log else ''}.jsonl").write_text(result.stdout)
    return [decision for decision in map(json.loads, result.stdout.splitlines()) if "summary" not in decision]
