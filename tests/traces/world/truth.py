"""What a correct operator must make of an incident: the judge's file."""

from dataclasses import dataclass

from .moments import micros, stamp

MUST, MAY, REFUSE, NEVER = "must", "may", "refuse", "never"
NOT_OURS = ("Job", "CloneSet")  # kinds that the policy does not let be restarted


@dataclass(frozen=True)
class Claim:
    """`verdict` with the API server's log, `blind` without it:
    must: broken, knowable, to be restarted; may: a restart is right but not demanded; refuse: broken, but who it is cannot be
    known, a restart would be a guess; never: it fails, but a restart is wrong.
    A restart before `since` accuses the innocent; one not before `before` comes too late."""

    workload: object
    verdict: str
    blind: str
    diagnoses: tuple
    blind_diagnoses: tuple
    since: float | None
    before: float | None
    by: tuple
    pods: tuple | None


class Truth:
    def __init__(self):
        self.claims = []
        self._others = None

    def whoever_fails(self, diagnosis, **claim):
        """The same for everybody who is rejected and not spoken of: `must` becomes `may` for whoever heals by
        himself, and for pods of the host's network, whose address is their node's."""
        self._others = (diagnosis, claim)

    def broken(
        self,
        workload,
        diagnosis,
        *more,
        blind_diagnoses=(),
        verdict=MUST,
        blind=None,
        since=None,
        before=None,
        by=("Restart",),
        pods=None
    ):
        diagnoses = (diagnosis, *more)
        blind_diagnoses = tuple(blind_diagnoses) or ("Unknown", *diagnoses)
        self.claims.append(
            Claim(
                workload,
                verdict,
                blind or verdict,
                diagnoses,
                blind_diagnoses,
                since,
                before,
                tuple(by),
                None if pods is None else tuple(pods),
            )
        )

    def told(self, cluster):
        if self._others is not None:
            diagnosis, more = self._others
            known = {claim.workload for claim in self.claims}
            for workload in cluster.workloads:
                if workload not in known and any(pod.rejections for pod in workload.pods):
                    verdict = NEVER if workload.kind in NOT_OURS else more.get("verdict", MUST)
                    heals = not any(lasting(pod, cluster.end) for pod in workload.pods)
                    if verdict == MUST and (heals or workload.host_network):
                        verdict = MAY
                    blind = {} if verdict != NEVER or workload.kind not in NOT_OURS else {"blind": NEVER}
                    self.broken(workload, diagnosis, **(more | {"verdict": verdict} | blind))
        return [self._told(claim) for claim in self.claims]

    @staticmethod
    def _told(claim):
        failing = [pod for pod in claim.workload.pods if pod.rejections]
        first = min((pod.rejections[0] for pod in failing), default=None)
        pods = (failing or claim.workload.pods) if claim.pods is None else claim.pods
        return claim.workload.reference() | {
            "pods": sorted(pod.name for pod in pods),
            "first401": _time(first),
            "rejections": sum(len(pod.rejections) for pod in failing),
            "since": _time(claim.since if claim.since is not None else first),
            "before": _time(first if claim.before == "first401" else claim.before),
            "by": list(claim.by),
            "withLog": {"verdict": claim.verdict, "diagnoses": list(claim.diagnoses)},
            "withoutLog": {"verdict": claim.blind, "diagnoses": list(claim.blind_diagnoses)},
        }


def lasting(pod, end):
    """Refused often, for long, and to the end."""
    since = max(pod.successes, default=0)
    refused = [time for time in pod.rejections if time > since]
    return len(refused) >= 5 and refused[-1] - refused[0] >= 90 and end - refused[-1] < 60 and not pod.gone


def _time(seconds):
    return None if seconds is None else stamp(micros(seconds))
