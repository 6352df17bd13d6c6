"""Were the limits kept? Reckoned from the API server's audit log alone; nothing here is shared with Remint, or believed of it.

A restart begins when Remint's account patches the Deployment's template with a new stamp, and has ended when it writes a final
phase into the journal of that Deployment. The log must be written with `audit_policy`.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import yaml

ACCOUNT = "system:serviceaccount:remint-system:remint"
_STAMP = "kubectl.kubernetes.io/restartedAt"
_ENDS = ("Succeeded", "Failed", "Cancelled")


def audit_policy(path, usual):
    """The usual audit policy, with the bodies of what Remint writes to workloads and journals."""
    policy = yaml.safe_load(usual.read_text())
    resources = [{"group": "apps", "resources": ["deployments"]}, {"group": "remint.dev", "resources": ["workloadrestarts", "workloadrestarts/status"]}]
    mine = {"level": "RequestResponse", "users": [ACCOUNT], "verbs": ["create", "patch", "update", "delete"], "resources": resources}
    path.write_text(yaml.safe_dump(policy | {"rules": [mine, *policy["rules"]]}))
    return path


@dataclass
class Restart:
    workload: str
    begin: datetime
    end: datetime | None = None

    def __str__(self):
        return f"{self.workload} from {self.begin:%H:%M:%S.%f} to {self.end:%H:%M:%S.%f}" if self.end else f"{self.workload} from {self.begin}"


def restarts_in(log_files, namespace):
    """All restarts, in the order in which they began; and every other write to a workload, which should be none."""
    events = sorted(_events(log_files, namespace), key=lambda event: event["requestReceivedTimestamp"])
    restarts, targets, open_ones, seen, others = [], {}, {}, set(), []
    for event in events:
        about, sent = event["objectRef"], event.get("requestObject") or {}
        what = event["verb"], about["resource"], about.get("subresource")
        when = datetime.fromisoformat(event["requestReceivedTimestamp"])
        if what == ("create", "workloadrestarts", None):
            targets[sent["metadata"]["name"]] = sent["spec"]["target"]["name"]
        elif what == ("patch", "workloadrestarts", "status"):
            name = targets[about["name"]]
            if sent["status"].get("phase") in _ENDS and name in open_ones:
                open_ones.pop(name).end = when
        elif what == ("patch", "deployments", None):
            key = about["name"], sent["spec"]["template"]["metadata"]["annotations"][_STAMP]
            if key in seen:
                continue  # the same patch once more, after a crash: it changed nothing
            seen.add(key)
            restarts.append(Restart(about["name"], when))
            open_ones[about["name"]] = restarts[-1]
        elif about["resource"] != "workloadrestarts":
            others.append(f"{event['verb']} {event['requestURI']}")
    return restarts, others


def _events(log_files, namespace):
    """Remint's writes to its journals and to anything that is a workload or part of one.

    Those that the API server took; and those that it did not finish answering, for it may have taken them: what a killed client
    asked for is answered 504, and stored.
    """
    for file in log_files:
        with open(file, encoding="utf-8") as lines:
            for line in lines:
                if ACCOUNT not in line or not line.endswith("\n"):
                    continue
                event = json.loads(line)
                about = event.get("objectRef") or {}
                if (
                    event["user"].get("username") == ACCOUNT
                    and event["stage"] == "ResponseComplete"
                    and event["verb"] in ("create", "patch", "update", "delete", "deletecollection")
                    and not 300 <= event["responseStatus"]["code"] < 500
                    and "dryRun=All" not in event["requestURI"]
                    and about.get("namespace") == namespace
                    and about.get("resource") not in ("events", "tokenrefreshpolicies")
                ):
                    yield event


def most_at_once(restarts):
    """The largest number under way at one moment, and that moment."""
    steps = [(r.begin, 1) for r in restarts] + [(r.end, -1) for r in restarts if r.end]
    most, now, moment = 0, 0, None
    for when, step in sorted(steps):  # at the same moment ends come first
        now += step
        if now > most:
            most, moment = now, when
    return most, moment


def most_in(restarts, span):
    """The largest number that began within any such span of time."""
    begins = [r.begin for r in restarts]
    return max((sum(begin <= other < begin + span for other in begins) for begin in begins), default=0)


def too_soon(restarts, cooldown, tolerance=timedelta(seconds=1)):
    """Restarts of a workload that began before its cooldown was over, or before its last one had ended."""
    by_workload, found = defaultdict(list), []
    for restart in restarts:
        by_workload[restart.workload].append(restart)
    for mine in by_workload.values():
        for before, after in zip(mine, mine[1:], strict=False):
            if before.end is None or after.begin < before.end + cooldown - tolerance:
                found.append(f"{after} after {before}")
    return found
