"""Approved requests for client certificates are signed by the cluster's own authority."""

from __future__ import annotations

import base64
from datetime import timedelta

from demo_cluster.access.certificates import Certificates, sign_client
from demo_cluster.access.signing_requests import SIGNING_REQUESTS
from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.kinds import Obj
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import timestamp
from demo_cluster.work_queue import Key, WorkQueue

SIGNERS = frozenset(
    {
        "kubernetes.io/kube-apiserver-client",
        "kubernetes.io/kube-apiserver-client-kubelet",
    }
)
LONGEST = timedelta(days=365)


class CertificateSigner:
    """Follows the signing controllers; requests to other signers wait for them."""

    def __init__(self, storage: Storage, clock: Clock, certificates: Certificates) -> None:
        self._storage = storage
        self._clock = clock
        self._certificates = certificates
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A request came, or somebody judged one."""
        if event.kind.storage_key == SIGNING_REQUESTS.storage_key and event.type != "DELETED":
            self._queue.add(key_of(event.obj))

    def _sync(self, key: Key) -> None:
        request = self._storage.get(SIGNING_REQUESTS, *key)
        if request is None or not self._is_due(request):
            return
        seconds = request["spec"].get("expirationSeconds")
        lifetime = LONGEST if seconds is None else min(timedelta(seconds=seconds), LONGEST)
        pem = base64.b64decode(request["spec"]["request"])
        try:
            signed = sign_client(self._certificates, pem, lifetime)
        except ValueError as error:
            self._fail(key, str(error))
            return

        def give(obj: Obj) -> None:
            obj["status"]["certificate"] = base64.b64encode(signed).decode()

        self._storage.modify(SIGNING_REQUESTS, *key, give, by=CONTROLLERS)

    def _is_due(self, request: Obj) -> bool:
        status = request.get("status") or {}
        said = {condition.get("type") for condition in status.get("conditions") or ()}
        is_ours = request["spec"].get("signerName") in SIGNERS
        is_approved = "Approved" in said and not said & {"Denied", "Failed"}
        can_sign = bool(self._certificates.authority_key)
        return is_ours and is_approved and can_sign and not status.get("certificate")

    def _fail(self, key: Key, why: str) -> None:
        now = timestamp(self._clock.now())

        def note(obj: Obj) -> None:
            obj["status"].setdefault("conditions", []).append(
                {
                    "type": "Failed",
                    "status": "True",
                    "reason": "SignerValidationFailure",
                    "message": why,
                    "lastUpdateTime": now,
                    "lastTransitionTime": now,
                }
            )

        self._storage.modify(SIGNING_REQUESTS, *key, note, by=CONTROLLERS)
