"""Faults on purpose: what a client must live with. Decides only; the listener does it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from demo_cluster.kinds import Obj
from demo_cluster.reply import Reply
from demo_cluster.status import Failure, expired, unauthorized

KINDS: dict[str, str] = {
    "drop": "the connection is cut before any answer",
    "stall": "the answer comes N seconds late (default 10)",
    "freeze": "the answer stops in the middle for N seconds (default 30), a watch too",
    "slow": "the answer comes in small pieces, a watch too",
    "truncated": "the answer ends in the middle, a watch too",
    "garbage": "the answer is not JSON, the first line of a watch neither",
    "cut": "watches, followed logs and sessions are cut after N seconds (default 1)",
    "gone": "lists and watches from a version answer 410",
    "429": "too many requests, Retry-After: N (default 1)",
    "500": "internal error",
    "503": "not available",
    "expired-token": "401, as if the token had expired",
}
"""Every fault and what it does."""

_SPEC = re.compile(
    r"(?P<kind>[a-z0-9-]+)(:(?P<amount>\d+(\.\d+)?))?(@(?P<share>\d*\.?\d+)(?P<percent>%?))?"
)
_DEFAULT_SHARE = 0.1
_AMOUNTS = {"stall": 10.0, "freeze": 30.0, "429": 1.0, "cut": 1.0}
_HEALTH = ("/healthz", "/readyz", "/livez", "/version")


class FaultError(ValueError):
    """The text describes no fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault and the share of requests that it hits, 0 to 1."""

    kind: str
    share: float = _DEFAULT_SHARE
    amount: float = 0.0
    """Seconds, where the kind has any."""


def parse_fault(text: str) -> Fault:
    """`429`, `stall:3`, `drop@5%`, `429:2@0.5`.

    Raises:
        FaultError: It is none that we know.
    """
    match = _SPEC.fullmatch(text)
    if match is None or match["kind"] not in KINDS:
        known = ", ".join(KINDS)
        raise FaultError(
            f"unknown fault {text!r}; write KIND[:SECONDS][@SHARE], where KIND is one of {known}."
        )
    share = float(match["share"]) if match["share"] else _DEFAULT_SHARE
    if match["percent"]:
        share /= 100
    kind = match["kind"]
    amount = float(match["amount"]) if match["amount"] else _AMOUNTS.get(kind, 0.0)
    return Fault(kind, min(share, 1.0), amount)


class FaultPlan:
    """Which request is hit by what, the same for the same seed and order of requests."""

    def __init__(
        self, faults: Sequence[Fault] = (), latency_seconds: float = 0.0, seed: int = 1
    ) -> None:
        self.faults = tuple(faults)
        self.latency_seconds = latency_seconds
        self._rng = random.Random(seed)

    def change(self, faults: Sequence[Fault]) -> None:
        """From now on these faults, and no others."""
        self.faults = tuple(faults)

    def choose(self, path: str) -> Fault | None:
        """The fault for the next request, None for an honest answer; health is never hit."""
        if not self.faults or path.startswith(_HEALTH):
            return None
        for fault in self.faults:
            if self._rng.random() < fault.share:
                return fault
        return None


def instead(fault: Fault, path_query: str) -> Reply | None:
    """The answer that a fault gives in place of the honest one; None when it spoils that one."""
    failure = _failure(fault, path_query)
    if failure is None:
        return None
    headers = {"Cache-Control": "no-cache, private", **failure.headers}
    return Reply(failure.code, failure.body(), headers)


def _failure(fault: Fault, path_query: str) -> Failure | None:
    match fault.kind:
        case "429":
            seconds = str(int(fault.amount) or 1)
            message = "too many requests, please try again later"
            details: Obj = {"retryAfterSeconds": int(seconds)}
            headers = {"Retry-After": seconds}
            return Failure(429, "TooManyRequests", message, details, headers=headers)
        case "500":
            text = "a fault on purpose"
            details = {"causes": [{"message": text}]}
            return Failure(500, "InternalError", f"Internal error occurred: {text}", details)
        case "503":
            return Failure(503, "ServiceUnavailable", "apiserver is shutting down")
        case "expired-token":
            return unauthorized()
        case "gone" if "resourceVersion=" in path_query or "continue=" in path_query:
            return expired("The provided resource version is too old")
        case _:
            return None
