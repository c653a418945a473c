"""Plays recorded sessions: exec, attach and port-forward, and requests to proxies."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from demo_cluster.wire.spdy import DATA, GOAWAY, PING, RST_STREAM, SYN_REPLY, SYN_STREAM, SpdyReader
from tests.conformance.alike import difference
from tests.conformance.answers import answer_difference, head_difference
from tests.conformance.logs import deletion_in
from tests.conformance.pods_at_hand import PodsAtHand, has_begun, request_of
from tests.conformance.raw_http import FrameArrived
from tests.conformance.recorded_streams import content, first_difference, without_what_varies
from tests.conformance.result import Exchange, Result, tried
from tests.conformance.stepped import Connection, SteppedCluster

_KEY = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
_TOKEN = "base64url.bearer.authorization.k8s.io."
_MOMENT = 0.1
_SERVICE = re.compile(
    r"/api/v1/namespaces/(?P<namespace>[^/]+)/services/"
    r"(?:https?:)?(?P<name>[^/:]+)(?::(?P<port>\w+))?/proxy"
)
_MARKED_FROM_MS = 150
_PATIENCE_SECONDS = 3.0
_TICK = re.compile(rb"(?<=\btick )\d+")
_SPDY_WORDS = {
    DATA: "DATA",
    SYN_STREAM: "SYN_STREAM",
    SYN_REPLY: "SYN_REPLY",
    RST_STREAM: "RST_STREAM",
    PING: "PING",
    GOAWAY: "GOAWAY",
}


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """The exchanges of one file, in their order, on one cluster."""
    return asyncio.run(_play(topic, exchanges))


async def _play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    async with SteppedCluster() as cluster:
        player = _Player(cluster, exchanges)
        return [
            Result(topic, each["id"], await tried(player.difference(each))) for each in exchanges
        ]


class _Player:
    def __init__(self, cluster: SteppedCluster, exchanges: list[Exchange]) -> None:
        self._cluster = cluster
        self._pods = PodsAtHand(cluster, exchanges)

    async def difference(self, exchange: Exchange) -> str:
        await self._service_before(exchange)
        is_short = "exits" in " ".join(exchange.get("setup", []))
        place = await self._pods.ready(exchange, fresh=is_short)
        if place and is_short:
            await self._pods.wait_for(place, has_begun)
            await self._cluster.advance(_MOMENT)
        connection = await self._open(exchange)
        recorded = exchange.get("handshake", exchange)["response"]
        if recorded["status"] != 101 or "frames" not in exchange:
            await self._cluster.advance_until(
                lambda: connection.answer.is_done or connection.answer.status == 101,
                _PATIENCE_SECONDS,
            )
            connection.close()
            if recorded["status"] == 101:
                return head_difference(recorded, connection.answer)
            return answer_difference(recorded, connection.answer)
        if wrong := head_difference(recorded, connection.answer):
            connection.close()
            return wrong
        sent = await self._talk(exchange, connection)
        connection.close()
        frames = exchange["frames"]
        if "spdy" in exchange:
            return _tunnel_difference(exchange, connection.answer.frames)
        return first_difference(_recorded(frames), _found(sent, connection.answer.frames))

    async def _service_before(self, exchange: Exchange) -> None:
        """The service that a proxied request reaches, in front of pod `p`."""
        request = request_of(exchange)
        found = _SERVICE.match(request["path"])
        status = exchange.get("handshake", exchange)["response"]["status"]
        if found is None or status == 404:
            return
        base = f"/api/v1/namespaces/{found['namespace']}"
        behind = {**exchange, "request": {**request, "path": f"{base}/pods/p"}}
        if await self._pods.ready(behind):
            labels = {"metadata": {"labels": {"app": "p"}}}
            headers = {"Content-Type": "application/merge-patch+json"}
            await self._cluster.ask("PATCH", f"{base}/pods/p", body=labels, headers=headers)
        port = found["port"] or ""
        named = {"name": port} if port and not port.isdigit() else {}
        ports = [{**named, "port": int(port) if port.isdigit() else 80, "targetPort": 8080}]
        selector = {"app": "p" if status < 400 else "nothing"}
        spec = {"selector": selector, "ports": ports}
        body = {"metadata": {"name": found["name"]}, "spec": spec}
        await self._cluster.ask("POST", f"{base}/services", body=body)
        await self._cluster.advance(_MOMENT)

    async def _open(self, exchange: Exchange) -> Connection:
        request = request_of(exchange)
        headers = dict(request.get("headers") or {})
        if headers.get("Upgrade") == "websocket" and "handshake" in exchange:
            headers = {**_KEY, **headers}
        if _TOKEN in headers.get("Sec-WebSocket-Protocol", ""):
            ours = base64.urlsafe_b64encode(self._cluster.token.encode()).decode().rstrip("=")
            wanted = headers["Sec-WebSocket-Protocol"]
            headers["Sec-WebSocket-Protocol"] = re.sub(rf"(?<={_TOKEN})[\w-]+", ours, wanted)
        return await self._cluster.open(
            request["method"],
            request["path"],
            query=request.get("query") or {},
            headers=headers,
            body=request.get("body"),
            user=request.get("user", "admin"),
        )

    async def _talk(self, exchange: Exchange, connection: Connection) -> list[_Sent]:
        """Say what the recorder said, each message at its time; then wait for the end."""
        began = self._cluster.seconds()
        sent: list[_Sent] = []

        async def until(moment: float) -> None:
            await self._cluster.advance(max(moment - (self._cluster.seconds() - began), 0))

        deleted = deletion_in(exchange)
        for frame in exchange["frames"]:
            if deleted and frame["t_ms"] / 1000 > deleted.seconds:
                await until(deleted.seconds)
                path = request_of(exchange)["path"].rpartition("/")[0]
                await self._cluster.ask("DELETE", path, query=deleted.query)
                deleted = None
            await until(frame["t_ms"] / 1000)
            if frame["dir"] != "in" or "lost" in frame:
                continue
            if frame["t_ms"] >= _MARKED_FROM_MS:
                sent.append(_Sent(self._cluster.seconds(), len(connection.answer.frames)))
            connection.send_frame(frame["opcode"], _payload(frame))
            await self._cluster.settle()
        frames = connection.answer.frames
        await self._cluster.advance_until(
            lambda: bool(frames) and frames[-1].opcode in ("close", "eof"), _PATIENCE_SECONDS
        )
        return sent


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message of ours: when, and how many had come by then."""

    seconds: float
    received: int


def _payload(frame: dict[str, Any]) -> bytes:
    if frame["opcode"] == "close":
        return int(frame["code"]).to_bytes(2, "big") + frame["reason"].encode()
    channel = bytes([frame["channel"]]) if "channel" in frame else b""
    return channel + content(frame.get("data", ""))


def _recorded(frames: list[dict[str, Any]]) -> list[bytes]:
    """The server's messages as lines, with a mark where the client said something."""

    def lines() -> Iterator[bytes]:
        for frame in frames:
            if frame["dir"] == "out":
                yield _line(frame["opcode"], _payload(frame) if frame["opcode"] != "eof" else b"")
            elif "lost" not in frame and frame["t_ms"] >= _MARKED_FROM_MS:
                yield b"<client>"

    return _joined(lines())


def _found(sent: list[_Sent], frames: list[FrameArrived]) -> list[bytes]:
    marks = [each.received for each in sent]

    def lines() -> Iterator[bytes]:
        for index, frame in enumerate(frames):
            yield from (b"<client>" for mark in marks if mark == index)
            yield _line(frame.opcode, frame.data)
        yield from (b"<client>" for mark in marks if mark >= len(frames))

    return _joined(lines())


def _line(opcode: str, data: bytes) -> bytes:
    return opcode.encode() + b" " + data


def _joined(lines: Iterable[bytes]) -> list[bytes]:
    """What one channel said in a row is one; a message without content stays alone."""
    joined: list[bytes] = []
    for line in lines:
        head = len(b"binary ") + 1
        same = joined and line.startswith(b"binary ") and joined[-1][:head] == line[:head]
        if same and len(joined[-1]) > head and len(line) > head:
            joined[-1] += line[head:]
        else:
            joined.append(line)
    return _counted_from_the_first([without_what_varies(line) for line in joined])


def _counted_from_the_first(lines: list[bytes]) -> list[bytes]:
    """The numbers of ticks as if the first seen were the first of all."""
    ticks = [int(tick) for line in lines for tick in _TICK.findall(line)]
    first = ticks[0] if ticks else 0
    return [_TICK.sub(lambda tick: b"%d" % (int(tick[0]) - first), line) for line in lines]


def _tunnel_difference(exchange: Exchange, frames: list[FrameArrived]) -> str:
    reader, found = SpdyReader(), []
    for message in frames:
        if message.opcode == "binary":
            found += [_spdy(frame) for frame in reader.feed(message.data)]
        elif message.opcode in ("close", "eof"):
            found.append({"frame": message.opcode})
    wanted = [
        {name: value for name, value in frame.items() if name not in ("t_ms", "dir")}
        for frame in exchange["spdy"]
        if frame["dir"] == "out"
    ]
    wanted += [
        {"frame": frame["opcode"]}
        for frame in exchange["frames"]
        if frame["dir"] == "out" and frame["opcode"] in ("close", "eof")
    ]
    return difference(_one_each(_plain(wanted)), _one_each(_plain(found)), "spdy")


def _one_each(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What one stream says in a row is one frame: how it is cut is the runtime's."""
    joined: list[dict[str, Any]] = []
    for frame in frames:
        last = joined[-1] if joined else {}
        is_data = frame["frame"] == last.get("frame") == "DATA"
        if is_data and last["stream"] == frame["stream"] and not (last["fin"] or frame["fin"]):
            last["data"] += frame["data"]
        else:
            joined.append(frame)
    return joined


def _spdy(frame: Any) -> dict[str, Any]:
    """A frame in the recording's words."""
    word = _SPDY_WORDS.get(frame.type, str(frame.type))
    told: dict[str, Any] = {"frame": word}
    if word == "DATA":
        return {**told, "stream": frame.stream, "fin": frame.is_last, "data": frame.data}
    told["flags"] = frame.flags
    if word in ("SYN_REPLY", "SYN_STREAM"):
        return {**told, "stream": frame.stream, "headers": dict(frame.headers)}
    if word == "RST_STREAM":
        return {**told, "stream": frame.stream, "status": frame.number}
    if word == "PING":
        return {**told, "id": frame.number}
    return {**told, "last": frame.number, "status": 0} if word == "GOAWAY" else told


def _plain(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def value(given: Any) -> Any:
        if isinstance(given, bytes):
            return without_what_varies(given).decode("latin-1")
        return given

    plain = []
    for frame in frames:
        told = dict(frame)
        if "data" in frame and not isinstance(frame["data"], bytes):
            told["data"] = content(frame["data"])
        plain.append({name: value(each) for name, each in told.items()})
    return plain
