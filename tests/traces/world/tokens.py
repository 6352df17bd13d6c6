"""ServiceAccount tokens, and the kubelet that keeps a pod's token file fresh."""

from dataclasses import dataclass

HOUR = 3607  # what the default volume asks for
YEAR = 31_536_000
DAY = 86_400
API_AUDIENCE = "https://kubernetes.default.svc"


@dataclass(frozen=True)
class Token:
    jti: str
    issued: float
    expires: float | None
    account: tuple  # (namespace, name)
    account_uid: str
    key: str
    pod_name: str = ""
    pod_uid: str = ""
    node: object = None
    audience: str = API_AUDIENCE
    warn_after: float | None = None
    secret: str = ""  # name of a legacy token's Secret
    version: int = 0  # which content of that Secret


class TokenFile:
    """What a pod's projected volume holds at a time: renewed at 80 % of the requested life, or after 24 h, at a resync of the
    kubelet within 70 s; never any more once the pod is terminating."""

    def __init__(self, cluster, pod, seconds, audience=API_AUDIENCE):
        self.cluster, self.pod, self.seconds, self.audience = cluster, pod, seconds, audience
        self.frozen_since = None  # the container sees an old mount
        self.tokens = []  # (since when it is in the file, token)
        self._issue(pod.started)
        if self._next < cluster.start:  # an old pod: only the newest of many renewals matters
            renewed = pod.workload.renewed
            if renewed is None:
                renewed = cluster.start - cluster.chance.uniform(
                    0, min(self._next - pod.started, cluster.start - self._next)
                )
            before = renewed - min(0.8 * seconds, DAY)  # programs may have read shortly before the renewal
            if before > pod.started:
                self._issue(before)
            self._issue(renewed)

    def read(self, now):
        if self.frozen_since is not None:
            now = min(now, self.frozen_since)
        if self.pod.deleted is not None:
            now = min(now, self.pod.deleted)
        while now >= self._next:
            self._issue(self._next)
        return next(token for since, token in reversed(self.tokens) if since <= now)

    def first(self):
        """What a program holds that never reads again."""
        return self.tokens[0][1]

    def _issue(self, at):
        cluster, account = self.cluster, self.pod.workload.account
        issued = at + cluster.issuer_ahead
        extended = cluster.extended and self.seconds == HOUR and self.audience == API_AUDIENCE
        token = Token(
            jti=cluster.chance.uid(),
            issued=issued,
            expires=issued + (YEAR if extended else self.seconds),
            account=account,
            account_uid=cluster.trust.account_uid_at(account, at),
            key=cluster.trust.signing_key_at(at),
            pod_name=self.pod.name,
            pod_uid=self.pod.uid,
            node=self.pod.node,
            audience=self.audience,
            warn_after=issued + HOUR if extended else None,
        )
        self.tokens.append((at, token))
        self._next = at + min(0.8 * self.seconds, DAY) - cluster.chance.uniform(0, 10) + cluster.chance.uniform(0, 70)
