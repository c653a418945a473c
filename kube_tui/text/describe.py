"""An object and its events as names and values to read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from kube_client.timestamp import age, parse_timestamp
from kube_tui.rows.event import Event
from kube_tui.text.document import Document, Line, Piece, Role
from kube_tui.text.manifest import MASK

_INDENT = 2
_NAME_WIDTH = 18
_SKIPPED_METADATA = frozenset({"managedFields", "name", "namespace"})
_BAD_WORDS = frozenset({"False", "Failed", "Error", "CrashLoopBackOff", "NotReady", "Unknown"})
_BAD_WHEN_TRUE = ("Pressure", "Unavailable", "Failure", "Failed")


def describe(
    obj: Mapping[str, Any], events: Sequence[Event], now: datetime, *, reveal: bool = False
) -> Document:
    """What, where, since when; spec and status; conditions; events, newest first."""
    lines = [
        *_identity(obj, now),
        *_body(obj, now, reveal=reveal),
        *_conditions(obj, now),
        *_events(events, now),
    ]
    return Document(lines)


def _identity(obj: Mapping[str, Any], now: datetime) -> Iterator[Line]:
    metadata = obj.get("metadata") or {}
    yield from _pair("Name", metadata.get("name"), 0)
    if metadata.get("namespace"):
        yield from _pair("Namespace", metadata["namespace"], 0)
    yield from _pair("Kind", f"{obj.get('kind', '')} ({obj.get('apiVersion', '')})", 0)
    created = metadata.get("creationTimestamp")
    if created:
        yield from _pair("Created", f"{created} ({_ago(created, now)})", 0)
    for owner in metadata.get("ownerReferences") or ():
        yield from _pair("Owned by", f"{owner.get('kind')}/{owner.get('name')}", 0)
    for name in ("labels", "annotations"):
        values = metadata.get(name)
        if values:
            yield from _named(name.capitalize(), values, 0, now)
    if metadata.get("finalizers"):
        yield from _pair("Finalizers", ", ".join(metadata["finalizers"]), 0)
    if metadata.get("deletionTimestamp"):
        yield from _pair("Ending since", metadata["deletionTimestamp"], 0)


def _body(obj: Mapping[str, Any], now: datetime, *, reveal: bool) -> Iterator[Line]:
    is_masked = obj.get("kind") == "Secret" and not reveal
    for name, part in obj.items():
        value = part
        if isinstance(part, Mapping):
            value = {k: v for k, v in part.items() if k != "conditions"}
        if name in ("apiVersion", "kind", "metadata") or value in ({}, [], None):
            continue
        if is_masked and name in ("data", "stringData"):
            value = dict.fromkeys(value, MASK)
        yield ()
        yield from _named(_words(name).capitalize(), value, 0, now)


def _named(name: str, value: Any, depth: int, now: datetime) -> Iterator[Line]:
    if isinstance(value, Mapping) and value:
        yield (Piece(" " * depth * _INDENT + f"{name}:", _heading(depth)),)
        for key, inner in value.items():
            yield from _named(str(key), inner, depth + 1, now)
    elif isinstance(value, list) and value:
        yield from _listed(name, value, depth, now)
    else:
        yield from _pair(name, _scalar(value, now), depth)


def _listed(name: str, values: list[Any], depth: int, now: datetime) -> Iterator[Line]:
    if all(not isinstance(value, (Mapping, list)) for value in values):
        joined = ", ".join(_scalar(value, now) for value in values)
        yield from _pair(name, joined, depth)
        return
    yield (Piece(" " * depth * _INDENT + f"{name}:", _heading(depth)),)
    for value in values:
        if isinstance(value, Mapping):
            title = str(value.get("name") or value.get("type") or value.get("key") or "-")
            rest = {k: v for k, v in value.items() if str(v) != title}
            yield (Piece(" " * (depth + 1) * _INDENT + title, Role.WORD),)
            for key, inner in rest.items():
                yield from _named(str(key), inner, depth + 2, now)
        else:
            yield from _pair("-", _scalar(value, now), depth + 1)


def _heading(depth: int) -> Role:
    return Role.HEADING if depth == 0 else Role.NAME


def _pair(name: str, value: Any, depth: int) -> Iterator[Line]:
    """Name and value in two columns; a value of several lines goes under its name."""
    lead = " " * depth * _INDENT
    text = "" if value is None else str(value)
    first, *more = text.split("\n") if text else [""]
    label = f"{lead}{name}:"
    blanks = " " * max(_NAME_WIDTH + 2 * depth - len(label), 1)
    role = Role.BROKEN if first in _BAD_WORDS else Role.VALUE
    yield (Piece(label, Role.NAME), Piece(blanks + first, role))
    for line in more:
        yield (Piece(lead + "  " + line),)


def _scalar(value: Any, now: datetime) -> str:
    if value is None:
        return "<none>"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"{text} ({_ago(text, now)})" if len(text) == 20 and text.endswith("Z") else text


def _ago(text: str, now: datetime) -> str:
    try:
        return f"{age(parse_timestamp(text), now)} ago"
    except ValueError:
        return "?"


def _words(name: str) -> str:
    """The words of a name in camel case."""
    parts = "".join(f" {c.lower()}" if c.isupper() else c for c in name)
    return parts.strip()


def _conditions(obj: Mapping[str, Any], now: datetime) -> Iterator[Line]:
    status = obj.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    if not conditions:
        return
    yield ()
    yield (Piece("Conditions:", Role.HEADING),)
    width = max(len(str(c.get("type", ""))) for c in conditions)
    for condition in conditions:
        kind, truth = str(condition.get("type", "")), str(condition.get("status", ""))
        since = condition.get("lastTransitionTime")
        is_bad = truth == ("True" if kind.endswith(_BAD_WHEN_TRUE) else "False")
        said = ": ".join(str(condition[k]) for k in ("reason", "message") if condition.get(k))
        yield (
            Piece(f"  {kind:<{width}}  ", Role.NAME),
            Piece(f"{truth:<8}", Role.ATTENTION if is_bad else Role.VALUE),
            Piece(f"{_ago(since, now) if since else '':<12}", Role.QUIET),
            Piece(said),
        )


def _events(events: Sequence[Event], now: datetime) -> Iterator[Line]:
    yield ()
    if not events:
        yield (Piece("Events:", Role.HEADING), Piece(" none", Role.QUIET))
        return
    yield (Piece("Events:", Role.HEADING), Piece(" newest first", Role.QUIET))
    width = max(len(event.reason) for event in events)
    for event in sorted(events, key=lambda e: e.last_seen or now, reverse=True):
        when = age(event.last_seen, now) if event.last_seen else "?"
        times = f" (x{event.times})" if event.times > 1 else ""
        is_bad = event.type == "Warning"
        yield (
            Piece(f"  {when + times:<14} ", Role.QUIET),
            Piece(f"{event.reason:<{width}}  ", Role.ATTENTION if is_bad else Role.NAME),
            Piece(event.message.strip()),
        )
