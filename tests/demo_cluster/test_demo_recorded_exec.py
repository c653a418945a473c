"""exec and attach, frame for frame as a real server answered: the recorded sessions, held again."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from demo_cluster.api import Api, RawRequest
from demo_cluster.kinds import kind_of
from demo_cluster.reply import Reply, UpgradeReply
from tests.demo_cluster.conftest import SteppedWorld, pod_spec

SKIPPED = {
    "exec.tty-zero-resize": "shows the banner of the recording's busybox",
    "exec.attach-tty": "shows the terminal's state at that moment",
    "exec.attach-output": "counts since the recording's start",
    "exec.attach-nostdin": "counts since the recording's start",
    "exec.attach-exit": "attached at a moment of its own",
    "exec.proto-empty-auth": "the token of the recording",
    "exec.unauthorized": "asks as another user",
    "exec.forbidden": "asks as another user",
    "exec.creating": "a pod of another topic",
}
HEXADECIMAL = re.compile(rb"[0-9a-f]{64}")

Frames = list[tuple[int, bytes]]


class RecordedClient:
    """A client that sends what was recorded and keeps what it gets."""

    def __init__(self, subprotocol: str) -> None:
        self.subprotocol = subprotocol
        self.incoming: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.got: Frames = []
        self.closed: int | None = None

    async def receive(self) -> bytes | str | None:
        """The next recorded message."""
        return await self.incoming.get()

    async def send(self, message: bytes | str) -> None:
        """Keep it; messages of one channel in a row are one."""
        data = message.encode() if isinstance(message, str) else message
        add(self.got, data[0], data[1:])

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """The server said goodbye."""
        self.closed = code


def add(frames: Frames, channel: int, data: bytes) -> None:
    """Append, joining pieces of the same channel."""
    data = HEXADECIMAL.sub(b"<id>", data)
    if frames and frames[-1][0] == channel:
        data = frames.pop()[1] + data
    frames.append((channel, data))


def content(frame: dict[str, Any]) -> bytes:
    """The bytes of a recorded frame, without its channel."""
    data = frame.get("data", "")
    if isinstance(data, str):
        return data.encode()
    if "b64" in data:
        return base64.b64decode(data["b64"])
    return "".join(
        part if isinstance(part, str) else part["repeat"] * part["times"]
        for part in data["segments"]
    ).encode()


def make_pods(world: SteppedWorld) -> None:
    """The pods that the recording's setups describe."""
    for name in ("rec-exec",):
        world.storage.create(kind_of("namespaces"), {"metadata": {"name": name}})
    p = pod_spec("sleep 100000")
    web = "mkdir -p /tmp/w; echo '<h1>hello</h1>' > /tmp/w/index.html; httpd -f -p 8080 -h /tmp/w"
    p["containers"] += pod_spec(web, name="web")["containers"]
    ticking = "i=0; while true; do echo tick $i; i=$((i+1)); sleep .5; done"
    echoing = "while read x; do echo {} $x; done; sleep 1000"
    att = pod_spec(ticking)
    for name, word, more in (("cat", "got", {}), ("once", "first", {"stdinOnce": True})):
        script = echoing.format(word)
        att["containers"] += pod_spec(script, name=name, stdin=True, **more)["containers"]
    att["containers"] += pod_spec("", name="tty", command=["sh"], stdin=True, tty=True)[
        "containers"
    ]
    pods = {
        "p": p,
        "att": att,
        "dead": {**pod_spec("true"), "restartPolicy": "Never"},
        "noimg": pod_spec("true", image="no/such:image", imagePullPolicy="Never"),
        "unsched": {**pod_spec("true"), "nodeSelector": {"no": "such"}},
    }
    for name, spec in pods.items():
        world.create("pods", name, spec, namespace="rec-exec")
    world.advance(5)


async def open_session(world: SteppedWorld, request: dict[str, Any]) -> Reply | UpgradeReply:
    """The answer to the recorded handshake."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    headers["authorization"] = f"Bearer {world.cluster.token()}"
    headers["sec-websocket-key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    query = urlencode(request.get("query") or {}, doseq=True)
    api = Api(world.cluster.backend)
    reply = await api.answer(RawRequest(request["method"], request["path"], query, headers, b""))
    assert isinstance(reply, Reply | UpgradeReply)
    return reply


async def hold(world: SteppedWorld, reply: UpgradeReply, session: dict[str, Any]) -> RecordedClient:
    """Talk as the recorder did, each message at its time."""
    agreed = session["handshake"]["response"]["headers"].get("Sec-WebSocket-Protocol", "")
    client = RecordedClient(agreed)
    talk = asyncio.ensure_future(reply.handler(client))
    now = 0.0
    for frame in session["frames"]:
        if frame["dir"] != "in" or "lost" in frame:
            continue
        await world.clock.advance_and_settle(max(frame["t_ms"] / 1000 - now, 0))
        now = max(now, frame["t_ms"] / 1000)
        channel = bytes([frame["channel"]]) if "channel" in frame else b""
        client.incoming.put_nowait(None if frame["opcode"] == "close" else channel + content(frame))
    await world.clock.advance_and_settle(15)
    client.incoming.put_nowait(None)
    await talk
    return client


async def test_recorded_sessions_get_the_recorded_frames(
    world: SteppedWorld, shared_data: Path
) -> None:
    exchanges = json.loads((shared_data / "api-transcripts" / "08-exec-attach.json").read_text())
    sessions = [e for e in exchanges if "handshake" in e and e["id"] not in SKIPPED]
    make_pods(world)
    wrong = {}

    for session in sessions:
        recorded = session["handshake"]["response"]
        reply = await open_session(world, session["handshake"]["request"])
        if recorded["status"] != 101:
            if not isinstance(reply, Reply) or reply.status != recorded["status"]:
                wrong[session["id"]] = (reply, recorded)
            elif reply.body != recorded.get("body", "") and (reply.body or recorded.get("body")):
                wrong[session["id"]] = (reply.body, recorded["body"])
            continue
        assert isinstance(reply, UpgradeReply), session["id"]
        client = await hold(world, reply, session)
        expected: Frames = []
        for frame in session["frames"]:
            if frame["dir"] == "out" and frame["opcode"] == "binary":
                add(expected, frame["channel"], content(frame))
        if client.got != expected:
            wrong[session["id"]] = (client.got, expected)

    assert len(sessions) > 40
    assert wrong == {}
