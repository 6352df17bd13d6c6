"""Which tokens the API server accepts, and the reason it writes to its log when it does not."""

from .tokens import API_AUDIENCE

LEEWAY = 60
SUCCESS_CACHE = 10
MISMATCH = "service account UID ({new}) does not match claim ({old})"

# Reason -> (old wording, new wording); the texts with names in them are made where the names are known.
TEXTS = {
    "expired": ("Token has expired.", "service account token has expired"),
    "not yet valid": ("Token could not be validated.", "service account token is not valid yet"),
    "invalidated": ("Token has been invalidated", "service account token has been invalidated"),
    "key": ("square/go-jose: error in cryptographic primitive", "invalid signature, no keys found"),
    "secret gone": ("Token has been invalidated", "Token has been invalidated"),
    "secret changed": ("Token does not match server's copy", "Token does not match server's copy"),
}


class Trust:
    def __init__(self):
        self.keys = [(float("-inf"), "key-1")]  # (since, the one key that signs and verifies)
        self.accounts = {}  # (namespace, name) -> [(since, uid or None)]
        self.secrets = {}  # (namespace, name) -> version or None
        self.pods = {}  # (namespace, name) -> pod
        self._accepted = {}  # jti -> until

    def signing_key_at(self, at):
        return [key for since, key in self.keys if since <= at][-1]

    def account_uid_at(self, account, at):
        return [uid for since, uid in self.accounts[account] if since <= at][-1]

    def forget(self):
        """A restarted API server has no cache of successes."""
        self._accepted.clear()

    def judge(self, token, now):
        """None, or what the log says: (old wording, new wording)."""
        if token is None:
            return ("", "")  # no JWT of this cluster: only `invalid bearer token`
        if self._accepted.get(token.jti, 0) > now:
            return None
        reason = self._legacy(token) if token.secret else self._bound(token, now)
        if reason is None:
            self._accepted[token.jti] = now + SUCCESS_CACHE
        return reason

    def _bound(self, token, now):
        if token.key != self.signing_key_at(now):
            return TEXTS["key"]
        if token.audience != API_AUDIENCE:
            text = f'token audiences ["{token.audience}"] is invalid for the target audiences ["{API_AUDIENCE}"]'
            return (text, text)
        if now > token.expires + LEEWAY:
            return TEXTS["expired"]
        if now < token.issued - LEEWAY:
            return TEXTS["not yet valid"]
        uid = self.account_uid_at(token.account, now)
        if uid is None:
            return (f'serviceaccounts "{token.account[1]}" not found',) * 2
        if uid != token.account_uid:
            text = MISMATCH.format(new=uid, old=token.account_uid)
            return ("ServiceAccount" + text.removeprefix("service account"), text)
        pod = self.pods.get((token.account[0], token.pod_name))
        if pod is None or (pod.deleted is not None and now > pod.deleted + pod.grace + LEEWAY):
            return TEXTS["invalidated"]
        if pod.uid != token.pod_uid:
            return (
                f"Pod UID ({pod.uid}) does not match claim ({token.pod_uid})",
                f"pod UID ({pod.uid}) does not match service account pod ref claim ({token.pod_uid})",
            )
        return None

    def _legacy(self, token):
        version = self.secrets.get((token.account[0], token.secret))
        if version is None:
            return TEXTS["secret gone"]
        return None if version == token.version else TEXTS["secret changed"]
