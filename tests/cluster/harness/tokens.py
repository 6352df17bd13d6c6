"""ServiceAccount tokens for any pod, with any claims: good, dying and dead ones.

The harness owns the signing key, so it can be the token issuer itself. The shape of a bound token
is the API server's own; each `dead` kind differs from a good one in exactly the claim it is named for.
"""

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .pki import private_pem, write_private

ISSUER = "https://kubernetes.default.svc"
WARN_AFTER = 3607  # the lifetime for which the API server extends a token and sets `warnafter`
EXTENDED = 365 * 24 * 3600


class SigningKey:
    """A ServiceAccount signing key: RSA (RS256) as kubeadm makes it, or ECDSA P-256 (ES256)."""

    def __init__(self, algorithm="RS256"):
        self.algorithm = algorithm
        if algorithm == "RS256":
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        elif algorithm == "ES256":
            self._key = ec.generate_private_key(ec.SECP256R1())
        else:
            raise ValueError(f"algorithm {algorithm}: RS256 or ES256")
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = _base64url(hashlib.sha256(der).digest())

    def write(self, private_path, public_path):
        write_private(private_path, private_pem(self._key))
        public_path.write_bytes(
            self._key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def sign(self, claims):
        header = {"alg": self.algorithm, "kid": self.key_id}
        message = f"{_base64url(_json(header))}.{_base64url(_json(claims))}"
        return f"{message}.{_base64url(self._signature(message.encode()))}"

    def _signature(self, message):
        if self.algorithm == "RS256":
            return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True)
class Holder:
    """Whom a token speaks for. `pod_name` None: bound to no pod."""

    namespace: str
    account: str
    account_uid: str
    pod_name: str | None = None
    pod_uid: str | None = None
    node_name: str | None = None
    node_uid: str | None = None


class Minter:
    """Signs tokens for holders. `now` in each method defaults to the clock; all times are seconds."""

    def __init__(self, key, issuer=ISSUER):
        self.key = key
        self.issuer = issuer
        self._stranger = SigningKey("ES256")  # a key that no API server was ever told about

    def claims(self, holder, now=None, lifetime=3600):
        """The claims of a good token; change what you like and pass them to `sign`."""
        now = int(time.time() if now is None else now)
        bound = {
            "namespace": holder.namespace,
            "serviceaccount": {"name": holder.account, "uid": holder.account_uid},
        }
        if holder.pod_name:
            bound["pod"] = {"name": holder.pod_name, "uid": holder.pod_uid}
        if holder.node_name:
            bound["node"] = {"name": holder.node_name, "uid": holder.node_uid}
        return {
            "aud": [self.issuer],
            "exp": now + lifetime,
            "iat": now,
            "nbf": now,
            "iss": self.issuer,
            "jti": str(uuid.uuid4()),
            "sub": f"system:serviceaccount:{holder.namespace}:{holder.account}",
            "kubernetes.io": bound,
        }

    def sign(self, claims):
        return self.key.sign(claims)

    def valid(self, holder, lifetime=3600, now=None):
        return self.sign(self.claims(holder, now, lifetime))

    def expiring(self, holder, seconds, now=None):
        """Dies in `seconds`; the API server's leeway of a minute is already taken off.

        A token is accepted up to 60 s after `exp`, and its cached success for up to 10 s more.
        """
        now = time.time() if now is None else now
        claims = self.claims(holder, now - 3600)
        claims["exp"] = int(now + seconds - 60)
        return self.sign(claims)

    def stale(self, holder, seconds=24 * 3600, now=None):
        """Still accepted, but `warnafter` was `seconds` ago: an extended token, never re-read."""
        now = time.time() if now is None else now
        issued = int(now - seconds - WARN_AFTER)
        claims = self.claims(holder, issued, EXTENDED)
        claims["kubernetes.io"]["warnafter"] = issued + WARN_AFTER
        return self.sign(claims)

    def expired(self, holder, seconds=3600, now=None):
        now = time.time() if now is None else now
        return self.sign(self.claims(holder, now - seconds - 3600))

    def not_yet_valid(self, holder, seconds=3600, now=None):
        now = time.time() if now is None else now
        claims = self.claims(holder, now, lifetime=seconds + 3600)
        claims["nbf"] = int(now + seconds)
        return self.sign(claims)

    def other_key(self, holder):
        return self._stranger.sign(self.claims(holder))

    def other_audience(self, holder, audience="vault"):
        return self.sign(self.claims(holder) | {"aud": [audience]})

    def other_issuer(self, holder, issuer="https://elsewhere.example"):
        return self.sign(self.claims(holder) | {"iss": issuer})

    def wrong_pod_uid(self, holder):
        claims = self.claims(holder)
        claims["kubernetes.io"]["pod"]["uid"] = str(uuid.uuid4())
        return self.sign(claims)

    def pod_gone(self, holder):
        claims = self.claims(holder)
        claims["kubernetes.io"]["pod"] = {"name": "no-such-pod", "uid": str(uuid.uuid4())}
        return self.sign(claims)

    def wrong_account_uid(self, holder):
        claims = self.claims(holder)
        claims["kubernetes.io"]["serviceaccount"]["uid"] = str(uuid.uuid4())
        return self.sign(claims)


def _json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
