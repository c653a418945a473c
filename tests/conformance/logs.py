"""Plays recorded requests for logs: every byte, and what came together came together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.answers import answer_difference, head_difference
from tests.conformance.pods_at_hand import PodsAtHand, has_begun, place_of
from tests.conformance.raw_http import AnswerReader
from tests.conformance.recorded_streams import (
    chunk,
    first_difference,
    together,
    without_what_varies,
)
from tests.conformance.result import Exchange, Result, tried
from tests.conformance.stepped import Connection, SteppedCluster

_AT_ONCE_MS = 60
_LIVE_MS = 300
_PATIENCE_SECONDS = 12.0
_STAMP = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
_DELETED = re.compile(r"deleted(?: with grace (?P<grace>\d+))? at (?:about )?(?P<at>[\d.]+) s")


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """The exchanges of one file, in their order, on one cluster."""
    return asyncio.run(_play(topic, exchanges))


async def _play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    async with SteppedCluster() as cluster:
        player = _Player(cluster, exchanges)
        return [
            Result(topic, each["id"], await tried(player.difference(each))) for each in exchanges
        ]


@dataclass(frozen=True, slots=True)
class Deletion:
    """When the recorder deleted the pod, and how."""

    seconds: float
    query: dict[str, str]


def deletion_in(exchange: Exchange) -> Deletion | None:
    """The deletion of the pod that an exchange tells of, while it runs."""
    about = f"{exchange.get('notes') or ''} {' '.join(exchange.get('setup', []))}"
    found = _DELETED.search(about)
    if found is None:
        return None
    query = {"gracePeriodSeconds": found["grace"]} if found["grace"] else {}
    return Deletion(float(found["at"]), query)


class _Player:
    def __init__(self, cluster: SteppedCluster, exchanges: list[Exchange]) -> None:
        self._cluster = cluster
        self._pods = PodsAtHand(cluster, exchanges)
        self._first_stamps = _first_stamps(exchanges)

    async def difference(self, exchange: Exchange) -> str:
        recorded = exchange["response"]
        is_live = _is_live(recorded)
        await self._pods.ready(exchange, fresh=is_live)
        if is_live:
            await self._until_it_stands_where_the_recording_began(exchange)
        connection = await self._ask(exchange)
        if "stream" not in recorded:
            await self._finish(connection)
            return answer_difference(recorded, connection.answer)
        await self._follow(exchange, connection)
        wrong = head_difference(recorded, connection.answer)
        return wrong or _stream_difference(recorded, connection.answer)

    async def _ask(self, exchange: Exchange) -> Connection:
        request = exchange["request"]
        query = dict(request.get("query") or {})
        if "sinceTime" in query and (place := place_of(exchange)):
            query["sinceTime"] = await self._moment(place, query["sinceTime"])
        return await self._cluster.open(
            request["method"],
            request["path"],
            query=query,
            headers=request.get("headers") or {},
            body=request.get("body"),
            user=request.get("user", "admin"),
        )

    async def _moment(self, place: tuple[str, str], text: str) -> str:
        """The recorded moment as seen from the first line of this pod here."""
        recorded, wanted = self._first_stamps.get(place), _time(text)
        if recorded is None or wanted is None:
            return text
        path = f"/api/v1/namespaces/{place[0]}/pods/{place[1]}/log"
        log = await self._cluster.ask("GET", path, query={"timestamps": "true"})
        found = _STAMP.match(log.body)
        if found is None or abs(wanted - _time_of(recorded)) > timedelta(hours=1):
            return text
        here = _time_of(found[0]) + (wanted - _time_of(recorded))
        return here.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    async def _until_it_stands_where_the_recording_began(self, exchange: Exchange) -> None:
        """Let a new pod write as much as the recorded stream began with."""
        place = place_of(exchange)
        assert place is not None
        query = dict(exchange["request"]["query"])
        query.pop("follow", None)
        recorded = exchange["response"]
        began = without_what_varies(_beginning(recorded))
        await self._pods.wait_for(place, has_begun)
        for _ in range(200):
            log = await self._cluster.ask("GET", exchange["request"]["path"], query=query)
            if log.status == 200 and without_what_varies(log.body) == began:
                break
            await self._cluster.advance(0.05)
        log = await self._cluster.ask(
            "GET", exchange["request"]["path"], query={"timestamps": "true", "tailLines": 1}
        )
        if log.status == 200 and (stamp := _STAMP.match(log.body)):
            silence = (self._cluster.now - _time_of(stamp[0])).total_seconds()
            await self._cluster.advance(_since_the_last_line(recorded) - silence)

    async def _finish(self, connection: Connection) -> None:
        await self._cluster.advance_until(lambda: connection.answer.is_done, _PATIENCE_SECONDS)
        connection.close()

    async def _follow(self, exchange: Exchange, connection: Connection) -> None:
        recorded = exchange["response"]
        began, end = self._cluster.seconds(), recorded["end_ms"] / 1000
        if deleted := deletion_in(exchange):
            await self._cluster.advance(deleted.seconds)
            path = exchange["request"]["path"].removesuffix("/log")
            await self._cluster.ask("DELETE", path, query=deleted.query)
        if recorded["ended_by"] == "server":
            await self._finish(connection)
            return
        await self._cluster.advance(max(end - (self._cluster.seconds() - began), 0))
        connection.close()


def _is_live(recorded: dict[str, Any]) -> bool:
    """Whether something was written while the recorder read."""
    return any(entry["t_ms"] > _LIVE_MS for entry in recorded.get("stream", ()))


def _beginning(recorded: dict[str, Any]) -> bytes:
    at_once = recorded["headers_ms"] + 5
    return b"".join(chunk(entry) for entry in recorded["stream"] if entry["t_ms"] <= at_once)


def _since_the_last_line(recorded: dict[str, Any]) -> float:
    """How long a pod that writes regularly had been silent when the recording began."""
    later = [entry["t_ms"] for entry in recorded["stream"] if entry["t_ms"] > _AT_ONCE_MS]
    if len(later) < 2 or len(later) == len(recorded["stream"]):
        return 0.0
    period = later[1] - later[0]
    return float(period - later[0] % period) / 1000


def _stream_difference(recorded: dict[str, Any], answer: AnswerReader) -> str:
    if recorded["ended_by"] == "server" and not answer.is_done:
        return "the stream did not end"
    if recorded["ended_by"] == "client" and answer.is_done:
        return "the stream ended by itself"
    if any("bytes" in entry for entry in recorded["stream"]):
        return _size_difference(recorded["stream"], answer.body)
    arrived = [(each.seconds * 1000, each.data) for each in answer.chunks]
    written = [(entry["t_ms"], chunk(entry)) for entry in recorded["stream"]]
    wanted = [without_what_varies(part) for part in together(written, _AT_ONCE_MS)]
    found = [without_what_varies(part) for part in together(arrived, _AT_ONCE_MS)]
    return first_difference(wanted, found)


def _size_difference(stream: list[dict[str, Any]], body: bytes) -> str:
    """The recorder kept sizes, beginnings and ends."""
    size = sum(entry["bytes"] for entry in stream)
    if len(body) != size:
        return f"{len(body)} bytes, expected {size}"
    position = 0
    for entry in stream:
        part = body[position : position + entry["bytes"]].decode(errors="replace")
        if not part.startswith(entry["first"]) or not part.endswith(entry["last"]):
            return f"byte {position}: {part[:80]!r}, expected {entry['first'][:80]!r}"
        position += entry["bytes"]
    return ""


def _first_stamps(exchanges: Iterable[Exchange]) -> dict[tuple[str, str], bytes]:
    """The recorded stamps of the first lines of pods, where the recording has them."""
    found = {}
    for exchange in exchanges:
        query = exchange["request"].get("query") or {}
        stream = exchange["response"].get("stream") or ()
        place = place_of(exchange)
        is_whole = not query.keys() & {"tailLines", "sinceTime", "sinceSeconds"}
        if place is None or not stream or not is_whole or "timestamps" not in query:
            continue
        if "bytes" not in stream[0] and (first := _STAMP.match(chunk(stream[0]))):
            found.setdefault(place, first[0])
    return found


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None


def _time_of(stamp: bytes) -> datetime:
    found = _time(stamp.decode())
    assert found is not None
    return found.astimezone(UTC)
