"""Plays plain requests and watches against a demo cluster, in the order of the recording."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import running_cluster
from demo_cluster.users import ADMIN, VIEWER
from tests.conformance.alike import difference, normal
from tests.conformance.fixtures import Fixtures
from tests.conformance.result import Exchange, Result
from tests.conformance.wire import Answer, Wire

_HEADERS = ("Content-Type", "Warning", "Retry-After", "X-Content-Type-Options", "Vary")


@dataclass(slots=True)
class Translation:
    """Recorded versions and uids, and what they are here; learned from answers."""

    versions: dict[str, str] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)

    def learn(self, recorded: Any, found: Any) -> None:
        """Take pairs from two answers that belong together."""
        if isinstance(recorded, dict) and isinstance(found, dict):
            for name, value in recorded.items():
                other = found.get(name)
                if name == "resourceVersion" and isinstance(other, str):
                    self.versions[str(value)] = other
                elif name == "uid" and isinstance(other, str):
                    self.uids[str(value)] = other
                else:
                    self.learn(value, other)
        elif isinstance(recorded, list) and isinstance(found, list):
            for value, other in zip(recorded, _aligned(recorded, found), strict=False):
                self.learn(value, other)

    def value(self, given: Any, key: str = "") -> Any:
        """A recorded request part with our versions, uids and tokens."""
        if isinstance(given, dict):
            return {name: self.value(inner, name) for name, inner in given.items()}
        if isinstance(given, list):
            return [self.value(inner, key) for inner in given]
        text = str(given)
        if key == "continue":
            return self._token(text)
        if key == "resourceVersion" and isinstance(given, str | int):
            return self._version(text)
        if isinstance(given, str):
            return self.uids.get(given, given)
        return given

    def _version(self, text: str) -> str:
        if text in self.versions or not text.isdigit() or int(text) in (0, 1, 5):
            return self.versions.get(text, text)
        if int(text) > 10_000_000:
            return text
        known = [int(version) for version in self.versions if version.isdigit()]
        older = [version for version in known if version <= int(text)]
        return self.versions[str(max(older))] if older else text

    def _token(self, token: str) -> str:
        try:
            parts = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except ValueError:
            return token
        if parts.get("rv", 0) > 0:
            parts["rv"] = int(self._version(str(parts["rv"])))
        text = json.dumps(parts, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _aligned(recorded: list[Any], found: list[Any]) -> list[Any]:
    """The found items in the order of the recorded ones, by name where they have one."""
    names = [
        (item.get("metadata") or {}).get("name") if isinstance(item, dict) else None
        for item in found
    ]
    aligned = []
    for index, item in enumerate(recorded):
        name = (item.get("metadata") or {}).get("name") if isinstance(item, dict) else None
        if name in names and name is not None:
            aligned.append(found[names.index(name)])
        else:
            aligned.append(found[index] if index < len(found) else None)
    return aligned


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """One file on a cluster of its own, in the order of the recording."""
    with running_cluster(ClusterOptions(scenario="empty")) as running:
        authority = running.call(lambda: running.cluster._certificates.authority)
        tokens = {"admin": running.cluster.token(ADMIN), "viewer": running.cluster.token(VIEWER)}
        wire = Wire(running.server, authority, {**tokens, "bad": "no-such-token"})
        fixtures = Fixtures(wire, running)
        fixtures.prepare(topic, exchanges)
        player = _Player(topic, wire, fixtures)
        return [player.play(exchange) for exchange in exchanges]


class _Player:
    def __init__(self, topic: str, wire: Wire, fixtures: Fixtures) -> None:
        self._topic = topic
        self._wire = wire
        self._fixtures = fixtures
        self._translation = Translation()

    def play(self, exchange: dict[str, Any]) -> Result:
        try:
            problem = self._compare(exchange)
        except (OSError, ValueError) as error:
            problem = f"could not be played: {error!r}"
        return Result(self._topic, exchange["id"], problem)

    def _compare(self, exchange: dict[str, Any]) -> str:
        if "request" not in exchange or "status" not in exchange.get("response", {}):
            return "no plain exchange"
        self._fixtures.before(exchange, self._translation)
        expected = exchange["response"]
        is_stream = "stream" in expected
        with self._fixtures.meanwhile(exchange):
            answer = self._send(exchange, is_stream=is_stream)
        if answer.status != expected["status"]:
            told = answer.value if not answer.lines else answer.lines[:1]
            return f"status {answer.status}, expected {expected['status']} ({str(told)[:300]})"
        wrong = _headers_difference(expected["headers"], answer)
        if is_stream:
            return wrong or self._stream_difference(expected["stream"], answer)
        found = answer.value
        self._translation.learn(expected.get("body"), found)
        if wrong:
            return wrong
        return _body_difference(exchange, expected, answer, found)

    def _send(self, exchange: dict[str, Any], *, is_stream: bool) -> Answer:
        request = exchange["request"]
        body = request.get("body")
        if isinstance(body, dict) and body.get("metadata", {}).get("uid"):
            self._learn_current(request["path"], body)
        if body is not None and not isinstance(body, str):
            body = self._translation.value(body)
        if isinstance(body, str) and "(not kept)" in body:
            body = self._fixtures.unkept_body(body)
        query = self._translation.value(request.get("query") or {})
        if "watch" in query and str(request["query"].get("resourceVersion", "0")) not in (
            *self._translation.versions,
            "0",
            "1",
        ):
            now = self._wire.send("GET", request["path"], query={"limit": 1}).value
            query["resourceVersion"] = now["metadata"]["resourceVersion"]
        return self._wire.send(
            request["method"],
            self._fixtures.path(request["path"]),
            query=query,
            headers=request.get("headers") or {},
            body=body,
            user=request.get("user", "admin"),
            is_stream=is_stream,
        )

    def _learn_current(self, path: str, body: dict[str, Any]) -> None:
        """What a body that came from a GET before the recording is here."""
        uid = body["metadata"]["uid"]
        if uid not in self._translation.uids and not uid.startswith("00000000"):
            answer = self._wire.send("GET", path.removesuffix("/scale"))
            if answer.status == 200:
                self._translation.learn(body, answer.value)

    def _stream_difference(self, expected: list[dict[str, Any]], answer: Answer) -> str:
        wanted = [entry["json"] for entry in expected if "json" in entry]
        if len(wanted) != len(expected):
            return ""
        found = [json.loads(line) for line in answer.lines if line.strip()]
        self._translation.learn(wanted, found)
        if any("type" not in event for event in wanted):
            return difference(normal(wanted), normal(found), "body")
        wanted, found = _events(wanted), _events(found)
        return difference(normal(wanted), normal(found), "stream")


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
    if match := re.search(r"trimmed body: \d+ -> (\d+)", notes):
        del match
        return "", ""
    if not re.search(r"trimmed (items|rows)", notes):
        return _aligned_discovery(wanted, found) if "trimmed" in notes else (wanted, found)
    for key in ("items", "rows"):
        if isinstance(wanted, dict) and isinstance(found, dict) and key in wanted:
            kept = {_name(item) for item in wanted[key] or ()}
            found = {**found, key: [item for item in found[key] or () if _name(item) in kept]}
    return wanted, found


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
    return str(meta.get("name"))


@contextlib.contextmanager
def in_background(action: Any) -> Iterator[None]:
    """Run something in another thread during the block, to its end."""
    thread = threading.Thread(target=action)
    thread.start()
    try:
        yield
    finally:
        thread.join()
