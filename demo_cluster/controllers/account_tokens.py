"""Secrets that are to hold the token of a service account: filled, and gone with their account."""

from __future__ import annotations

import base64

from demo_cluster.access.users import Tokens
from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.work_queue import Key, WorkQueue

SECRETS = kind_of("secrets")
ACCOUNTS = kind_of("serviceaccounts")
TYPE = "kubernetes.io/service-account-token"
NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"


class AccountTokens:
    """Follows the tokens controller."""

    def __init__(self, storage: Storage, clock: Clock, tokens: Tokens, authority: str) -> None:
        self._storage = storage
        self._tokens = tokens
        self._authority = authority
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A secret for a token came, or an account went."""
        if event.kind.storage_key == SECRETS.storage_key:
            if event.obj.get("type") == TYPE and event.type == "DELETED":
                self._tokens.revoke(_held(event.obj))
            elif event.obj.get("type") == TYPE:
                self._queue.add(key_of(event.obj))
        elif event.kind.storage_key == ACCOUNTS.storage_key and event.type == "DELETED":
            namespace = event.obj["metadata"]["namespace"]
            for secret in self._storage.list(SECRETS, namespace):
                if _account(secret) == event.obj["metadata"]["name"]:
                    self._queue.add(key_of(secret))

    def _sync(self, key: Key) -> None:
        secret = self._storage.get(SECRETS, *key)
        if secret is None or not _account(secret):
            return
        account = self._storage.get(ACCOUNTS, key[0], _account(secret))
        if account is None:
            self._storage.request_delete(SECRETS, *key)
            return
        uid = account["metadata"]["uid"]
        held = _held(secret)
        if not held:
            held = self._tokens.issue_lasting(key[0], _account(secret), uid, key[1])
        else:
            self._tokens.accept_lasting(held, key[0], _account(secret), uid)
        texts = {"ca.crt": self._authority, "namespace": key[0], "token": held}
        data = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}

        def fill(obj: Obj) -> None:
            obj["data"] = {**(obj.get("data") or {}), **data}
            obj["metadata"]["annotations"][UID] = uid

        self._storage.modify(SECRETS, *key, fill, by=CONTROLLERS)


def _held(secret: Obj) -> str:
    return base64.b64decode((secret.get("data") or {}).get("token", "")).decode()


def _account(secret: Obj) -> str:
    if secret.get("type") != TYPE:
        return ""
    return str((secret["metadata"].get("annotations") or {}).get(NAME, ""))
