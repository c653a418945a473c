"""Faults on purpose: what a client must live with. Decides only; the listener does it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from demo_cluster.durations import seconds_of
from demo_cluster.kinds import Obj
from demo_cluster.status import Failure, expired
from demo_cluster.wire.reply import Reply

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
    "expired-token": "401 for a token older than N seconds (default 0), until it is renewed",
}
"""Every fault and what it does."""

AIMS: dict[str, str] = {
    "on": "a path, with * for any part of it: on=*/pods/*/log",
    "verb": "get, list, watch, create, update, patch, delete, ...: verb=list|watch",
    "user": "whose requests: user=viewer",
    "from": "not before: from=30s",
    "until": "not any more: until=90s",
    "times": "so many times at most: times=3",
}
"""What a fault may be aimed with, and an example of each."""

_SPEC = re.compile(
    r"(?P<kind>[a-z0-9-]+)(:(?P<amount>\d+(\.\d+)?))?(@(?P<share>\d*\.?\d+)(?P<percent>%?))?"
)
_DEFAULT_SHARE = 0.1
_AMOUNTS = {"stall": 10.0, "freeze": 30.0, "429": 1.0, "cut": 1.0}
_HEALTH = ("/healthz", "/readyz", "/livez", "/version")
EXPIRY = "expired-token"


class FaultError(ValueError):
    """The text describes no fault."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a fault is aimed at it: `verb` is the API's word, `user` who asks."""

    path: str
    verb: str = ""
    user: str = ""
    token_age: float = math.inf
    """Seconds since the token was issued that it bears."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Which requests a fault may hit; by itself all of them, always."""

    path: str = "*"
    verbs: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    after: float = 0.0
    until: float = math.inf
    """Seconds after the faults began."""
    times: float = math.inf

    def allows(self, asked: Asked, elapsed: float) -> bool:
        """Whether this request, so many seconds after the faults began, may be hit."""
        return (
            self.after <= elapsed < self.until
            and (not self.verbs or asked.verb in self.verbs)
            and (not self.users or asked.user in self.users)
            and fnmatchcase(asked.path, self.path)
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, the share of requests that it hits, 0 to 1, and which these may be."""

    kind: str
    share: float = _DEFAULT_SHARE
    amount: float = 0.0
    """Seconds, where the kind has any."""
    aim: Aim = Aim()


def parse_fault(text: str) -> Fault:
    """`429`, `stall:3`, `drop@5%`, `429:2@0.5`, `503@100%,on=*/pods*,from=30s,until=90s`.

    Raises:
        FaultError: It is none that we know.
    """
    spec, *aims = text.split(",")
    match = _SPEC.fullmatch(spec.strip())
    if match is None or match["kind"] not in KINDS:
        known = ", ".join(KINDS)
        raise FaultError(
            f"unknown fault {text!r}; write KIND[:SECONDS][@SHARE], where KIND is one of {known}."
        )
    share = float(match["share"]) if match["share"] else _DEFAULT_SHARE
    if match["percent"]:
        share /= 100
    if share > 1:
        raise FaultError(f"fault {text!r} hits more than all; write a share up to 100% or 1.")
    kind = match["kind"]
    amount = float(match["amount"]) if match["amount"] else _AMOUNTS.get(kind, 0.0)
    return Fault(kind, share, amount, _aim(aims))


def _aim(parts: Sequence[str]) -> Aim:
    given: dict[str, str] = {}
    for part in parts:
        key, _, value = (piece.strip() for piece in part.partition("="))
        if key not in AIMS or not value or key in given:
            known = ", ".join(AIMS)
            raise FaultError(
                f"a fault is not aimed with {part.strip()!r}; write KEY=VALUE once for each of "
                f"{known}, as on=*/pods*."
            )
        given[key] = value
    aim = Aim(
        given.get("on", "*"),
        _words(given.get("verb", "")),
        _words(given.get("user", "")),
        _seconds(given.get("from", "0")),
        _seconds(given["until"]) if "until" in given else math.inf,
        _times(given.get("times", "")),
    )
    if aim.until <= aim.after:
        raise FaultError(f"a fault until {given['until']} ends before it begins; write it later.")
    return aim


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in text.split("|") if word)


def _seconds(text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError as error:
        raise FaultError(str(error)) from error


def _times(text: str) -> float:
    if not text:
        return math.inf
    if not text.isascii() or not text.isdigit() or text.strip("0") == "":
        raise FaultError(f"{text!r} times is no number of times; write times=3.")
    return int(text)


class FaultPlan:
    """Which request is hit by what, the same for the same seed and order of requests."""

    def __init__(
        self, faults: Sequence[Fault] = (), latency_seconds: float = 0.0, seed: int = 1
    ) -> None:
        self.faults = tuple(faults)
        self.latency_seconds = latency_seconds
        self._rng = random.Random(seed)
        self._hits: dict[int, int] = {}
        self._begun: datetime | None = None

    def change(self, faults: Sequence[Fault]) -> None:
        """From now on these faults, and no others; their times count from now."""
        self.faults = tuple(faults)
        self._hits.clear()
        self._begun = None

    def begin(self, now: datetime) -> None:
        """Let the times of the faults count from this moment, unless they do already."""
        if self._begun is None:
            self._begun = now

    def choose(self, asked: Asked, now: datetime) -> Fault | None:
        """The fault for the next request, None for an honest answer; health is never hit."""
        if not self.faults or asked.path.startswith(_HEALTH):
            return None
        self.begin(now)
        assert self._begun is not None
        elapsed = (now - self._begun).total_seconds()
        for position, fault in enumerate(self.faults):
            if not fault.aim.allows(asked, elapsed) or not _is_due(fault, asked):
                continue
            if self._hits.get(position, 0) < fault.aim.times and self._rng.random() < fault.share:
                self._hits[position] = self._hits.get(position, 0) + 1
                return fault
        return None


def _is_due(fault: Fault, asked: Asked) -> bool:
    """A token expires when it is old enough."""
    return fault.kind != EXPIRY or asked.token_age >= fault.amount


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
        case "gone" if "resourceVersion=" in path_query or "continue=" in path_query:
            return expired("The provided resource version is too old")
        case _:
            return None
