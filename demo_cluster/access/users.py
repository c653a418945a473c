"""Who may come in: tokens, and the users behind them."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

AUTHENTICATED = "system:authenticated"
ISSUER = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, as authentication found out."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
ADMIN = User("admin", ("system:masters", AUTHENTICATED), "admin")
VIEWER = User("viewer", ("viewers", AUTHENTICATED), "viewer")
DEVELOPER = User("developer", ("developers", AUTHENTICATED), "developer")


def service_account_user(namespace: str, name: str, uid: str, token_id: str) -> User:
    """The user that a service account's token stands for."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    extra = {"authentication.kubernetes.io/credential-id": (f"JTI={token_id}",)}
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid, extra)


def certificate_user(subject: Sequence[tuple[str, str]], der: bytes) -> User | None:
    """The user that a client's certificate stands for: its common name, in its organizations."""
    names = [value for name, value in subject if name == "commonName"]
    groups = tuple(value for name, value in subject if name == "organizationName")
    if not names:
        return None
    mark = f"X509SHA256={hashlib.sha256(der).hexdigest()}"
    extra = {"authentication.kubernetes.io/credential-id": (mark,)}
    return User(names[-1], (*groups, AUTHENTICATED), "", extra)


class Tokens:
    """Bearer tokens and whose they are."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._users: dict[str, User] = {}
        self._expiry: dict[str, datetime] = {}
        self._issued: dict[str, datetime] = {}
        self.on_expired: Callable[[str, User], None] = lambda _token, _user: None
        """Called with a token that was let expire, and whose it was."""

    def issue(self, user: User, expires: datetime | None = None) -> str:
        """A new token for this user; None = it holds for ever."""
        token = f"demo-{self._rng.getrandbits(160):040x}"
        self._users[token] = user
        if expires is not None:
            self._expiry[token] = expires
        return token

    def accept(self, token: str, user: User) -> None:
        """A token that was issued before."""
        self._users[token] = user

    def note_issue(self, token: str, now: datetime) -> None:
        """From this moment on the token grows old."""
        self._issued[token] = now

    def age(self, token: str, now: datetime) -> float:
        """Seconds since the token was issued; without end when nobody noted when."""
        issued = self._issued.get(token)
        return math.inf if issued is None else (now - issued).total_seconds()

    def expire(self, token: str) -> None:
        """The token holds no longer, before its time."""
        user = self._users.get(token)
        self.revoke(token)
        if user is not None:
            self.on_expired(token, user)

    def issue_for_account(
        self,
        namespace: str,
        name: str,
        uid: str,
        seconds: int,
        now: datetime,
        *,
        audiences: Sequence[str] = (ISSUER,),
        ties: Mapping[str, object] | None = None,
    ) -> tuple[str, datetime]:
        """A new token for a service account, and when it ends.

        `ties` is what it says of the object that it is bound to. A token for other audiences
        than this server opens nothing here.
        """
        expires = now + timedelta(seconds=seconds)
        token_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        user = service_account_user(namespace, name, uid, token_id)
        claims = {
            "aud": list(audiences),
            "exp": int(expires.timestamp()),
            "iat": int(now.timestamp()),
            "iss": ISSUER,
            "jti": token_id,
            "kubernetes.io": {
                "namespace": namespace,
                **(ties or {}),
                "serviceaccount": {"name": name, "uid": uid},
            },
            "nbf": int(now.timestamp()),
            "sub": user.name,
        }
        token = self._web_token(claims)
        if ISSUER in audiences:
            self._users[token], self._expiry[token] = user, expires
            self.note_issue(token, now)
        return token, expires

    def issue_lasting(self, namespace: str, name: str, uid: str, secret: str) -> str:
        """A token for a service account that is kept in a secret and never ends."""
        place = "kubernetes.io/serviceaccount"
        claims = {
            "iss": place,
            f"{place}/namespace": namespace,
            f"{place}/secret.name": secret,
            f"{place}/service-account.name": name,
            f"{place}/service-account.uid": uid,
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        token = self._web_token(claims)
        self.accept_lasting(token, namespace, name, uid)
        return token

    def accept_lasting(self, token: str, namespace: str, name: str, uid: str) -> None:
        """A service account's token that a secret holds."""
        user = service_account_user(namespace, name, uid, "")
        self.accept(token, User(user.name, user.groups, uid))

    def _web_token(self, claims: dict[str, Any]) -> str:
        """Claims that anybody can read, in the form of a JWT; its signature is a random number."""
        head = {"alg": "RS256", "kid": ""}
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, claims)]
        parts.append(self._rng.getrandbits(2048).to_bytes(256))
        return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()

    def revoke(self, token: str) -> None:
        """Nobody comes in with this token any more."""
        self._users.pop(token, None)
        self._expiry.pop(token, None)
        self._issued.pop(token, None)

    def owner(self, token: str, now: datetime | None = None) -> User | None:
        """Whose token it is; None when nobody's, or when it has expired."""
        expires = self._expiry.get(token)
        if expires is not None and now is not None and now >= expires:
            self.revoke(token)
        return self._users.get(token)
