"""Clients that no server deserves: garbage, floods, half requests, and streams that vanish."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo_cluster.access.users import ADMIN
from demo_cluster.threaded import RunningCluster

VICTIM = {
    "metadata": {"name": "victim", "namespace": "default"},
    "spec": {
        "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sleep", "10000"]}]
    },
}
"""The pod whose log and shell they want."""
MAPS = "/api/v1/namespaces/default/configmaps"
POD = "/api/v1/namespaces/default/pods/victim"
_PATIENCE = 20.0
_LEAVING = (
    "half a head",
    "half a body",
    "vanishing watch",
    "vanishing log",
    "no body after all",
    "endless chunk",
    "spdy frame of no end",
)
"""Those who do not wait for an answer."""


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_CONTEXT = _server_context()


@dataclass(frozen=True)
class BadClients:
    """Makes one bad request after the other against one cluster."""

    port: int
    token: str
    rng: random.Random

    async def one(self, kind: str) -> bytes:
        """Do it, and return what the server said."""
        if kind == "no tls":
            return await self.talk(b"GET / HTTP/1.1\r\n\r\n", context=None)
        data = self.request(kind)
        leaves = kind in _LEAVING
        return await self.talk(data, leaves=leaves)

    def request(self, kind: str) -> bytes:
        """The bytes of a bad request."""
        return REQUESTS[kind](self)

    async def talk(
        self, data: bytes, *, leaves: bool = False, context: ssl.SSLContext | None = _CONTEXT
    ) -> bytes:
        """Send bytes and return what comes back first."""
        said = b""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
                try:
                    writer.write(data)
                    with contextlib.suppress(ConnectionError):
                        await writer.drain()
                    said = b"" if leaves else await reader.read(2048)
                    if leaves and self.rng.random() < 0.5:
                        said = await self._first(reader)
                finally:
                    writer.transport.abort()
        return said

    async def open(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send bytes, and leave the rest to the caller."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=_CONTEXT)
        writer.write(data)
        return reader, writer

    @staticmethod
    async def _first(reader: asyncio.StreamReader) -> bytes:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                return await reader.read(512)
        return b""

    def head(self, method: str, path: str, *headers: str, token: str | None = None) -> bytes:
        """A request line and its headers."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines.append(f"Authorization: Bearer {self.token if token is None else token}")
        return "\r\n".join([*lines, *headers, "", ""]).encode()

    def post(self, path: str, body: bytes, media: str = "application/json") -> bytes:
        """A request with a body."""
        sizes = (f"Content-Type: {media}", f"Content-Length: {len(body)}")
        return self.head("POST", path, *sizes) + body


_UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
_KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="


def _bomb() -> bytes:
    levels = (b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12))
    return b"\n".join([b"a0: &a0 [x, x, x, x, x, x, x, x, x]", *levels])


_FUTURE = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6OTk5OTk5OTksInN0YXJ0IjoiL3gifQ"


def _frame(
    operation: int, data: bytes, *, length: int | None = None, is_last: bool = True
) -> bytes:
    """A WebSocket frame with a mask; `length` may lie."""
    size = len(data) if length is None else length
    head = bytes([operation | (0x80 if is_last else 0), 0x80 | (size if size < 126 else 127)])
    mask = b"\x01\x02\x03\x04"
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    return head + (size.to_bytes(8) if size >= 126 else b"") + mask + masked


def _exec(on: BadClients, *frames: bytes) -> bytes:
    """A session with a shell, and what it is told."""
    path = f"{POD}/exec?command=cat&stdin=true&stdout=true&stderr=true&tty=true"
    protocol = "Sec-WebSocket-Protocol: v5.channel.k8s.io"
    return on.head("GET", path, *_UPGRADE, _KEY, protocol) + b"".join(frames)


def _body(on: BadClients, method: str, path: str, media: str, body: bytes) -> bytes:
    sizes = (f"Content-Type: {media}", f"Content-Length: {len(body)}")
    return on.head(method, path, *sizes) + body


_JSON_PATCH = "application/json-patch+json"
_SPDY = ("Connection: Upgrade", "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io")

REQUESTS: dict[str, Callable[[BadClients], bytes]] = {
    "garbage": lambda on: on.rng.randbytes(200) + b"\r\n\r\n",
    "unknown verb": lambda on: on.head("BREW", MAPS),
    "no host": lambda _on: b"GET /api HTTP/1.1\r\n\r\n",
    "bad version": lambda _on: b"GET /api HTTP/7.3\r\nHost: x\r\n\r\n",
    "bad header": lambda _on: b"GET /api HTTP/1.1\r\nHost: x\r\nb@d\x01: x\r\n\r\n",
    "header flood": lambda on: on.head("GET", "/api", *(f"X-{n}: {n}" for n in range(3000))),
    "endless header": lambda on: on.head("GET", "/api", "X: " + "y" * 1_200_000),
    "bad length": lambda on: on.head("POST", MAPS, "Content-Length: -5"),
    "two lengths": lambda on: on.head("POST", MAPS, "Content-Length: 5", "Content-Length: 6"),
    "bad chunk": lambda on: on.head("POST", MAPS, "Transfer-Encoding: chunked") + b"XYZ\r\n{}\r\n",
    "half a head": lambda on: on.head("GET", MAPS)[: on.rng.randrange(1, 60)],
    "half a body": lambda on: on.post(MAPS, b'{"metadata":{"name":"x"}}')[:-10],
    "huge body": lambda on: on.post(MAPS, b" " * (3 * 1024 * 1024 + 10)),
    "broken json": lambda on: on.post(MAPS, b'{"metadata":'),
    "deep json": lambda on: on.post(MAPS, b"[" * 100_000),
    "deep object": lambda on: on.post(MAPS, b'{"data":' * 30_000 + b"1" + b"}" * 30_000),
    "deep yaml": lambda on: on.post(MAPS, b"[" * 20_000, "application/yaml"),
    "yaml bomb": lambda on: on.post(MAPS, _bomb(), "application/yaml"),
    "binary": lambda on: on.post(MAPS, on.rng.randbytes(500)),
    "protobuf": lambda on: on.post(
        MAPS, b"k8s\x00" + on.rng.randbytes(300), "application/vnd.kubernetes.protobuf"
    ),
    "strange media": lambda on: on.post(MAPS, b"{}", "text/x-nothing"),
    "bad token": lambda on: on.head("GET", MAPS, token="nobody"),
    "bad path": lambda on: on.head("GET", "/api/v1/%00%ff/../../etc/passwd"),
    "bad selector": lambda on: on.head("GET", f"{MAPS}?labelSelector=((&limit=-x"),
    "bad continue": lambda on: on.head("GET", f"{MAPS}?continue=%7b%7d"),
    "future watch": lambda on: on.head("GET", f"{MAPS}?watch=1&resourceVersion=999999999"),
    "vanishing watch": lambda on: on.head("GET", f"{MAPS}?watch=1"),
    "vanishing log": lambda on: on.head("GET", f"{POD}/log?follow=true"),
    "bad upgrade": lambda on: on.head("GET", f"{POD}/exec?command=ls", *_UPGRADE),
    "websocket garbage": lambda on: (
        on.head("GET", f"{POD}/exec?command=cat&stdin=true&stdout=true", *_UPGRADE, _KEY)
        + on.rng.randbytes(400)
    ),
    "old http": lambda on: on.head("GET", "/version").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "old watch": lambda on: on.head("GET", f"{MAPS}?watch=1&timeoutSeconds=1").replace(
        b"HTTP/1.1", b"HTTP/1.0"
    ),
    "pipeline": lambda on: on.head("GET", "/version") * 20,
    "two hosts": lambda _on: b"GET /api HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "bare line feeds": lambda _on: b"GET /version HTTP/1.1\nHost: x\n\n",
    "second http": lambda _on: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "star": lambda on: on.head("OPTIONS", "*"),
    "absolute": lambda on: on.head("GET", f"http://elsewhere.example{MAPS}"),
    "endless path": lambda on: on.head("GET", "/api/" + "x" * 100_000),
    "bad escape": lambda on: on.head("GET", f"{MAPS}/%zz"),
    "odd expectation": lambda on: on.head("POST", MAPS, "Expect: miracles", "Content-Length: 0"),
    "no body after all": lambda on: on.head(
        "POST", MAPS, "Expect: 100-continue", "Content-Length: 40"
    ),
    "endless chunk": lambda on: on.head("POST", MAPS, "Transfer-Encoding: chunked") + b"F" * 17,
    "bytes in a header": lambda on: on.post(
        f"{MAPS}?dryRun=All", b'{"metadata":{"name":"x"}}'
    ).replace(b"Host:", b"User-Agent: \xff\xed\xa0\x80\r\nHost:"),
    "no utf-8": lambda on: on.post(MAPS, b'{"metadata":{"name":"x\xff"}}'),
    "half a character": lambda on: on.post(MAPS, b'{"metadata":{"name":"\\ud800"}}'),
    "endless number": lambda on: on.post(MAPS, b'{"data":' + b"9" * 5000 + b"}"),
    "null": lambda on: on.post(MAPS, b"null"),
    "huge patch": lambda on: _body(
        on,
        "PATCH",
        f"{MAPS}/kube-root-ca.crt",
        _JSON_PATCH,
        b"[" + b",".join([b'{"op":"test","path":"/a"}'] * 10_001) + b"]",
    ),
    "odd patch": lambda on: _body(
        on, "PATCH", f"{MAPS}/kube-root-ca.crt", _JSON_PATCH, b'[{"op":"explode","path":5}]'
    ),
    "odd apply": lambda on: _body(
        on, "PATCH", f"{MAPS}/a?fieldManager=x", "application/apply-patch+yaml", b"a: b: c"
    ),
    "odd delete": lambda on: _body(on, "DELETE", f"{MAPS}/none", "application/json", b'"no"'),
    "huge limit": lambda on: on.head("GET", f"{MAPS}?limit={'9' * 30}"),
    "huge version": lambda on: on.head("GET", f"{MAPS}?resourceVersion={'9' * 300}"),
    "odd watch": lambda on: on.head("GET", f"{MAPS}?watch=1&resourceVersion=-1"),
    "odd timeout": lambda on: on.head("GET", f"{MAPS}?watch=maybe&timeoutSeconds=-5"),
    "odd token": lambda on: on.head("GET", f"{MAPS}?continue=W10"),
    "future token": lambda on: on.head("GET", f"{MAPS}?continue={_FUTURE}"),
    "odd log": lambda on: on.head("GET", f"{POD}/log?tailLines=x&sinceTime=yesterday"),
    "odd port": lambda on: on.head("GET", f"{POD}/portforward?ports=99999999", *_UPGRADE, _KEY),
    "odd protocol": lambda on: on.head(
        "GET", f"{POD}/exec?command=ls&stdout=1", *_UPGRADE, _KEY, "Sec-WebSocket-Protocol: v9.x"
    ),
    "frame of no end": lambda on: _exec(on, _frame(2, b"\0hi", length=1 << 40)),
    "frames in pieces": lambda on: _exec(on, _frame(2, b"\0h", is_last=False), _frame(0, b"i")),
    "piece of nothing": lambda on: _exec(on, _frame(0, b"\0hi")),
    "unknown frame": lambda on: _exec(on, _frame(11, b"x")),
    "unknown channel": lambda on: _exec(on, _frame(2, b"\x09hi"), _frame(2, b"")),
    "long ping": lambda on: _exec(on, _frame(9, b"x" * 200)),
    "bad text": lambda on: _exec(on, _frame(1, b"\xff\xfe")),
    "odd size": lambda on: _exec(
        on, _frame(2, b"\4{bad"), _frame(2, b'\4{"Width":99999999,"Height":-5}'), _frame(2, b"\4[]")
    ),
    "spdy garbage": lambda on: (
        on.head("POST", f"{POD}/exec?command=cat&stdin=1&stdout=1", *_SPDY) + on.rng.randbytes(300)
    ),
    "spdy frame of no end": lambda on: (
        on.head("POST", f"{POD}/exec?command=cat&stdin=1&stdout=1", *_SPDY)
        + b"\x80\x03\x00\x01\x00\xff\xff\xff"
    ),
    "patch of nothing": lambda on: on.head("PATCH", f"{MAPS}/none", "Content-Length: 0"),
}
KINDS = (*REQUESTS, "no tls")
_RARE = ("huge body", "huge patch", "endless header", "header flood", "deep yaml", "deep object")
"""Those that cost a lot: one in twenty-five of the others."""


@dataclass(frozen=True)
class Left:
    """What a server has in its hands."""

    tasks: int
    descriptors: int
    objects: int


def left(cluster: RunningCluster) -> Left:
    """What is there now that garbage is collected; clients of this process count too."""

    def count() -> Left:
        gc.collect()
        tasks = len(asyncio.all_tasks())
        return Left(tasks, len(list(Path("/proc/self/fd").iterdir())), len(gc.get_objects()))

    return cluster.call(count)


async def soak(cluster: RunningCluster, count: int, seed: int = 1, at_once: int = 8) -> None:
    """So many bad requests, some at the same time."""
    rng = random.Random(seed)
    clients = BadClients(int(cluster.server.rpartition(":")[2]), cluster.cluster.token(ADMIN), rng)
    common = [kind for kind in KINDS if kind not in _RARE]
    plan = [rng.choice(_RARE if n % 25 == 24 else common) for n in range(count)]
    for start in range(0, count, at_once):
        await asyncio.gather(*(clients.one(kind) for kind in plan[start : start + at_once]))
