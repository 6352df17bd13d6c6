"""The API server: judges a request and writes it down, in the audit log and in its own."""

from dataclasses import dataclass

from .moments import micros, stamp

UNAUTHORIZED = {"metadata": {}, "status": "Failure", "message": "Unauthorized", "reason": "Unauthorized", "code": 401}


@dataclass(frozen=True)
class Caller:
    """Whom the API server sees: an address, what the client wrote into X-Forwarded-For, a user agent."""

    address: str
    agent: str | None
    forwarded: tuple = ()


@dataclass(frozen=True)
class Rejection:
    """One line of the API server's log; `where` says of which server."""

    received: int
    line: int
    old: str
    new: str
    audit_id: str
    verb: str
    uri: str
    agent: str | None
    address: str
    port: int
    latency_us: int
    where: int


class APIServer:
    def __init__(self, cluster, servers=1):
        self.cluster, self.servers = cluster, servers
        self.events = []  # (stage micros, event, index of the server)
        self.rejections = []

    def ask(self, shape, caller, token, pod=None):
        """True if the token was accepted. `pod` is who really asked: for the truth, never for the record."""
        now = self.cluster.now
        reason = self.cluster.trust.judge(token, now)
        if reason is not None:
            self._reject(shape, caller, reason)
            if pod is not None:
                pod.rejections.append(now)
            return False
        if pod is not None:
            pod.successes.append(now)
        self.accept(shape, caller, self.holder(token), annotations=stale(token, now))
        return True

    def holder(self, token):
        namespace, name = token.account
        user = {
            "username": f"system:serviceaccount:{namespace}:{name}",
            "uid": token.account_uid,
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
        }
        extra = {}
        if not token.secret:
            if self.cluster.names_credentials:
                extra["credential-id"] = [f"JTI={token.jti}"]
                extra["node-name"], extra["node-uid"] = [token.node.name], [token.node.uid]
            extra["pod-name"], extra["pod-uid"] = [token.pod_name], [token.pod_uid]
            user["extra"] = {f"authentication.kubernetes.io/{key}": extra[key] for key in sorted(extra)}
        return user

    def accept(self, shape, caller, user, code=200, annotations=None):
        """A request of a user who is known, granted or forbidden; an open watch is ended by `close`."""
        chance = self.cluster.chance
        event = self._event(shape, caller, user)
        event["responseStatus"] = {"metadata": {}, "code": code}
        decision = {
            "authorization.k8s.io/decision": "allow" if code < 400 else "forbid",
            "authorization.k8s.io/reason": "",
        }
        if code == 403:
            event["responseStatus"] |= {"status": "Failure", "reason": "Forbidden"}
        event["annotations"] = {**(annotations or {}), **decision}
        event["stage"] = "ResponseStarted" if shape.verb == "watch" else "ResponseComplete"
        self._write(event, micros(self.cluster.now) + chance.randint(600, 20_000))
        return event

    def close(self, event):
        """The end of a watch: the same auditID and the same time of receipt."""
        self._write({**event, "stage": "ResponseComplete"}, micros(self.cluster.now))

    def _reject(self, shape, caller, reason):
        chance = self.cluster.chance
        received = micros(self.cluster.now)
        stage = received + chance.randint(100, 1500)
        event = self._event(shape, caller, {})
        event["stage"] = "ResponseStarted"
        status = dict(UNAUTHORIZED)
        if self.cluster.old:  # 1.23 and older
            del status["message"]
        event["responseStatus"] = status
        server = self._write(event, stage)
        self.rejections.append(
            Rejection(
                received,
                chance.randint(received, stage),
                *reason,
                event["auditID"],
                shape.verb,
                event["requestURI"],
                caller.agent,
                caller.address,
                chance.randint(32768, 60999),
                stage - received,
                server,
            )
        )

    def _event(self, shape, caller, user):
        event = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": self.cluster.chance.uid(),
            "stage": "",
            "requestURI": shape.uri(),
            "verb": shape.verb,
            "user": user,
            "sourceIPs": [*caller.forwarded, caller.address],
        }
        if caller.agent is not None:
            event["userAgent"] = caller.agent
        event["objectRef"] = shape.reference()
        event["responseStatus"] = None
        event["requestReceivedTimestamp"] = stamp(micros(self.cluster.now))
        event["stageTimestamp"] = ""
        return event

    def _write(self, event, stage):
        event["stageTimestamp"] = stamp(stage)
        server = self.cluster.chance.randrange(self.servers) if self.servers > 1 else 0
        self.events.append((stage, event, server))
        return server


def stale(token, now):
    """The annotations that a token earns its requests."""
    subject = ":".join(("system:serviceaccount", *token.account))
    if token.secret:
        return {"authentication.k8s.io/legacy-token": subject}
    if token.warn_after is not None and now > token.warn_after:
        seconds = int(now - token.warn_after)
        return {"authentication.k8s.io/stale-token": f"subject: {subject}, seconds after warning threshold: {seconds}"}
    return None
