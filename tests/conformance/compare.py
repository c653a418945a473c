"""Says how an answer differs from the recorded one: headers, body, events of a watch. Pure."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from tests.conformance.alike import difference, normal
from tests.conformance.result import Exchange
from tests.conformance.wire import Answer

_HEADERS = ("Content-Type", "Warning", "Retry-After", "X-Content-Type-Options", "Vary")


def answer_difference(exchange: Exchange, answer: Answer) -> str:
    """Where the answer first differs from the recorded one, in one line; "" when alike."""
    expected = exchange["response"]
    if answer.status != expected["status"]:
        told = answer.value if not answer.lines else answer.lines[:1]
        return f"status {answer.status}, expected {expected['status']} ({str(told)[:300]})"
    wrong = _headers_difference(expected["headers"], answer)
    if wrong:
        return wrong
    if "stream" in expected:
        return _stream_difference(expected["stream"], answer)
    return _body_difference(exchange, expected, answer, answer.value)


def uncut(exchange: Exchange) -> Exchange:
    """The exchange with the values that the recorder shortened as long as they were."""
    cut = re.search(r"recorder cut the (\d+) byte value", str(exchange.get("notes") or ""))
    size = int(cut[1]) if cut else 0
    whole: Exchange = _lengthened(exchange, size)
    return whole


def _lengthened(value: Any, size_bytes: int) -> Any:
    if isinstance(value, dict):
        if set(value) == {"segments"}:
            return "".join(
                part if isinstance(part, str) else part["repeat"] * part["times"]
                for part in value["segments"]
            )
        return {key: _lengthened(each, size_bytes) for key, each in value.items()}
    if isinstance(value, list):
        return [_lengthened(each, size_bytes) for each in value]
    if size_bytes and isinstance(value, str) and value.endswith("\u2026"):
        return value[0] * size_bytes
    return value


def stream_objects(expected: list[dict[str, Any]]) -> list[Any]:
    """What a recorded stream carries, in order."""
    return [entry["json"] for entry in expected if "json" in entry]


def _stream_difference(expected: list[dict[str, Any]], answer: Answer) -> str:
    wanted = stream_objects(expected)
    found = [json.loads(line) for line in answer.lines if line.strip()]
    if any("type" not in event for event in wanted):
        return difference(normal(wanted), normal(found), "body")
    return difference(normal(_events(wanted)), normal(_events(found)), "stream")


def _events(stream: list[Any]) -> list[Any]:
    """The events without timed bookmarks, and in the first form of Table columns."""
    kept = []
    for event in stream:
        meta = event.get("object", {}).get("metadata") or {}
        if (
            event["type"] == "BOOKMARK"
            and "annotations" not in meta
            and "rows" not in event["object"]
        ):
            continue
        if meta.get("name") == "openshift-service-ca.crt":
            continue
        rows = event.get("object", {}).get("rows") or []
        if any("openshift-service-ca.crt" in str(row.get("cells")) for row in rows):
            continue
        kept.append(event)
    return kept


def _headers_difference(expected: dict[str, Any], answer: Answer) -> str:
    for name in _HEADERS:
        wanted, got = expected.get(name), answer.headers.get(name)
        if wanted != got and not (name == "Content-Type" and answer.status == 405):
            return f"header {name}: {got!r}, expected {wanted!r}"
    return ""


def _body_difference(
    exchange: dict[str, Any], expected: dict[str, Any], answer: Answer, found: Any
) -> str:
    wanted = expected.get("body")
    if isinstance(wanted, str) and wanted.startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            wanted, found = json.loads(wanted), answer.value
    if isinstance(wanted, str) and expected["headers"].get("Content-Type") == "application/yaml":
        wanted, found = yaml.safe_load(wanted), yaml.safe_load(answer.body)
    notes = exchange.get("notes") or ""
    wanted, found = _trimmed(notes, wanted, found)
    keeps = "managedFields" in json.dumps(wanted)
    return difference(
        normal(wanted, keeps_managers=keeps), normal(found, keeps_managers=keeps), "body"
    )


def _trimmed(notes: str, wanted: Any, found: Any) -> tuple[Any, Any]:
    """Both answers cut to what the recorder kept."""
    if re.search(r"trimmed body: \d+ -> \d+", notes):
        return "", ""
    if not re.search(r"trimmed (items|rows)", notes):
        is_cut = "trimmed" in notes or _kind(wanted) == "APIGroupDiscoveryList"
        if is_cut:
            return _aligned_discovery(wanted, found)
        return wanted, _each_list(wanted, found, _only_order_differs)
    return wanted, _each_list(wanted, found, lambda *_: True)


def _each_list(wanted: Any, found: Any, applies: Callable[[list[Any], list[Any]], bool]) -> Any:
    """The found answer with its items (or rows) put beside the wanted ones, where that applies."""
    for key in ("items", "rows"):
        if isinstance(wanted, dict) and isinstance(found, dict) and key in wanted:
            theirs, ours = wanted[key] or [], found.get(key) or []
            if applies(theirs, ours):
                found = {**found, key: _kept(theirs, ours)}
    return found


def _only_order_differs(theirs: list[Any], ours: list[Any]) -> bool:
    """The names are generated: where such items stand is chance."""
    names = [_name(item) for item in theirs]
    return len(set(names)) < len(names) and sorted(names) == sorted(map(_name, ours))


def _kind(body: Any) -> str:
    return str(body.get("kind", "")) if isinstance(body, dict) else ""


def _kept(wanted: list[Any], found: list[Any]) -> list[Any]:
    """Of the found items those that the recorder kept, in the order in which they stand here.

    Generated names sort as they happen to be; such items are taken in the recorded order.
    """
    places: list[int] = []
    for item in wanted:
        free = [index for index in range(len(found)) if index not in places]
        equal = [index for index in free if not difference(normal(item), normal(found[index]))]
        named = [index for index in free if _name(found[index]) == _name(item)]
        places += (equal or named)[:1]
    if not any("<" in _name(item) for item in wanted):
        places.sort()
    return [found[index] for index in places]


def _aligned_discovery(wanted: Any, found: Any) -> tuple[Any, Any]:
    """Found groups, resources, paths and schemas cut to those that were kept."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        cut = {}
        for name, value in found.items():
            if name in ("items", "resources", "versions") and isinstance(wanted.get(name), list):
                cut[name] = [
                    _aligned_discovery(item, _same(item, value))[1] for item in wanted[name]
                ]
            elif name in ("paths", "schemas", "components", "definitions"):
                kept = {key: inner for key, inner in value.items() if key in wanted.get(name, {})}
                cut[name] = _aligned_discovery(wanted.get(name), kept)[1]
            else:
                cut[name] = value
        return wanted, cut
    return wanted, found


def _same(item: Any, candidates: list[Any]) -> Any:
    def identity(entry: Any) -> Any:
        meta = entry.get("metadata", {}).get("name")
        return (entry.get("resource"), meta, entry.get("version"))

    return next((entry for entry in candidates if identity(entry) == identity(item)), None)


def _name(item: Any) -> str:
    meta = item.get("metadata") or (item.get("object") or {}).get("metadata") or {}
    return str(normal(meta.get("name")))
