"""What the decisions of one replay are worth."""

from dataclasses import dataclass, field

from world.moments import parse

SLACK = 1.0  # seconds: times of decisions are the recording's, rounded by nobody


@dataclass
class Verdict:
    incident: str
    kind: str
    seed: int
    log: bool  # replayed with it
    has_log: bool
    demanded: int = 0
    named: list = field(default_factory=list)
    missed: list = field(default_factory=list)
    allowed: list = field(default_factory=list)  # `may` that were restarted
    spared: int = 0
    sparing: int = 0
    said: int = 0  # of the `refuse`: something was refused aloud
    false: list = field(default_factory=list)
    delays: list = field(default_factory=list)
    diagnosed: list = field(default_factory=list)  # (right, what was said, what was true)
    pods: list = field(default_factory=list)  # of the named: only pods that fail
    stated: list = field(default_factory=list)  # (confidence, right)

    def where(self):
        return f"{self.incident}, seed {self.seed}{', with log' if self.log else ''}"


def judge(truth, decisions, log):
    verdict = Verdict(truth["incident"], truth["class"], truth["seed"], log, truth["log"])
    claims = {claim["uid"]: claim for claim in truth["workloads"]}
    restarted = {}  # uid -> decisions
    for decision in decisions:
        workload = decision.get("workload") or {}
        uid = workload.get("uid")
        if not uid:
            continue
        time = parse(decision["time"])
        claim = claims.get(uid)
        right = claim is not None and claim["since"] is not None and time >= parse(claim["since"]) - SLACK
        if decision.get("confidence") is not None:
            verdict.stated.append((decision["confidence"], right))
        if decision["decision"] == "Restart" and not right:
            verdict.false.append(f"{name(workload)} at {decision['time']}" + (" (before it broke)" if claim else ""))
        elif right:
            restarted.setdefault(uid, []).append((time, decision))
    for uid, claim in claims.items():
        _settle(verdict, claim, claim["withLog" if log else "withoutLog"], restarted.get(uid, []), decisions)
    return verdict


def _settle(verdict, claim, expected, spoken, decisions):
    acts = [(time, decision) for time, decision in spoken if decision["decision"] in claim["by"]]
    if expected["verdict"] in ("refuse", "never"):
        verdict.sparing += 1
        if any(decision["decision"] == "Restart" for _, decision in acts):
            verdict.false.append(f"{name(claim)} at {acts[0][1]['time']} ({expected['verdict']})")
        else:
            verdict.spared += 1
            verdict.said += any(decision["decision"] in ("Refuse", "Observe", "Ask") for decision in decisions)
        return
    if expected["verdict"] == "must":
        verdict.demanded += 1
        intime = [time for time, _ in acts if claim["before"] is None or time < parse(claim["before"])]
        (verdict.named if intime else verdict.missed).append(
            name(claim) + (" (too late)" if acts and not intime else "")
        )
    elif acts:
        verdict.allowed.append(name(claim))
    if acts:
        time, decision = acts[0]
        if claim["first401"] is not None and expected["verdict"] == "must":
            verdict.delays.append(time - parse(claim["first401"]))
        verdict.pods.append(set(decision.get("pods") or []) <= set(claim["pods"]))
        said, true = decision["diagnosis"], expected["diagnoses"]
        verdict.diagnosed.append((said in true, said, true[0]))


def name(reference):
    return f"{reference['kind']} {reference['namespace']}/{reference['name']}"
