"""Exec and attach over real WebSockets: what a real server sent, and what it never should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.connect import connect_to
from kube_client.errors import (
    ApiError,
    BadRequestError,
    NotFoundError,
    ProtocolError,
    ServerError,
    UnauthorizedError,
    UnreachableError,
)
from kube_client.exec import CommandResult, open_attach, open_exec, run_command
from tests.kube_client.socket_server import answering, as_recorded, playing, received

SUCCESS = b'\x03{"metadata":{},"status":"Success"}'


@pytest.fixture
def recorded(shared_data: Path) -> dict[str, dict[str, Any]]:
    """The recorded exchanges by their ids."""
    path = shared_data / "api-transcripts" / "08-exec-attach.json"
    return {entry["id"]: entry for entry in json.loads(path.read_text())}


async def run(client: Client, stdin: bytes = b"") -> CommandResult:
    return await run_command(client, "shop", "web-1", ["cat", "a b", "+&"], "main", stdin)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("exec.v5-echo", CommandResult(0, b"hello\n", b"")),
        ("exec.v4-stderr", CommandResult(0, b"out\n", b"err\n")),
        ("exec.v5-exit3", CommandResult(3, b"", b"")),
        ("exec.sh-notfound", CommandResult(127, b"", b"sh: nosuchcommand: not found\n")),
        ("exec.big-output", CommandResult(0, b"z" * 100_000, b"")),
        ("exec.binary", CommandResult(0, b"\xff\x00\xfe", b"")),
        ("exec.no-output", CommandResult(0, b"", b"")),
    ],
)
async def test_a_command_leaves_its_output_and_its_exit_code(
    recorded: dict[str, dict[str, Any]], entry: str, expected: CommandResult
) -> None:
    async with playing(as_recorded(recorded[entry]["frames"])) as (_, client):
        assert await run(client) == expected


async def test_a_command_that_cannot_be_started_says_why(
    recorded: dict[str, dict[str, Any]],
) -> None:
    async with playing(as_recorded(recorded["exec.cmd-notfound"]["frames"])) as (_, client):
        result = await run(client)

    assert result.exit_code == 127
    assert b"no such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("entry", "error_class", "words"),
    [
        ("exec.container-missing", BadRequestError, "choose one of: [main web]"),
        ("exec.pod-unknown", NotFoundError, 'pods "nope" not found'),
        ("exec.pod-ended", ServerError, 'container not found ("main")'),
        ("exec.no-streams", BadRequestError, "at least 1 of stdin, stdout, stderr"),
    ],
)
async def test_a_refused_handshake_is_the_error_it_means(
    recorded: dict[str, dict[str, Any]], entry: str, error_class: type[ApiError], words: str
) -> None:
    answer = recorded[entry]["handshake"]["response"]
    is_json = isinstance(answer["body"], dict)
    text = json.dumps(answer["body"]) if is_json else answer["body"]

    async def refuse(_request: web.BaseRequest) -> web.StreamResponse:
        kind = "application/json" if is_json else "text/plain"
        return web.Response(status=answer["status"], text=text, content_type=kind)

    async with answering(refuse) as client:
        with pytest.raises(error_class, match=r".") as caught:
            await run(client)

    assert words in str(caught.value)


async def test_the_request_names_command_container_and_streams() -> None:
    async def play(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(SUCCESS)

    async with playing(play) as (server, client):
        await run(client)

    [request] = server.requests
    assert request.path == "/api/v1/namespaces/shop/pods/web-1/exec"
    assert list(request.query.items()) == [
        ("command", "cat"),
        ("command", "a b"),
        ("command", "+&"),
        ("container", "main"),
        ("stdout", "true"),
        ("stderr", "true"),
    ]
    assert request.headers["Sec-WebSocket-Protocol"] == "v5.channel.k8s.io,v4.channel.k8s.io"


async def test_input_is_sent_to_its_end_and_then_closed() -> None:
    seen: list[bytes | None] = []

    async def cat(socket: web.WebSocketResponse) -> None:
        while (message := await received(socket)) and message != b"\xff\x00":
            seen.append(message)
            await socket.send_bytes(b"\x01" + message[1:])
        await socket.send_bytes(SUCCESS)

    text = b"line \xc3\xa4\n" * 20_000
    async with playing(cat) as (_, client):
        result = await run(client, text)

    assert result == CommandResult(0, text, b"")
    assert len(seen) > 1


async def test_a_server_of_version_four_cannot_be_told_that_input_ends() -> None:
    async def wait(socket: web.WebSocketResponse) -> None:
        await received(socket)

    async with playing(wait, ["v4.channel.k8s.io"]) as (_, client):
        with pytest.raises(ProtocolError, match=r"1\.30"):
            await run(client, b"text")


async def test_a_terminal_has_no_stderr_of_its_own_and_can_be_resized() -> None:
    seen: list[bytes | None] = []

    async def play(socket: web.WebSocketResponse) -> None:
        seen.append(await received(socket))
        await socket.send_bytes(SUCCESS)

    async with (
        playing(play) as (server, client),
        open_exec(client, "shop", "web-1", ["sh"], stdin=True, tty=True) as session,
    ):
        await session.resize(100, 30)
        status = await session.exit_status()

    assert seen == [b'\x04{"Width":100,"Height":30}']
    assert status.code == 0
    assert "stderr" not in server.requests[0].query
    assert server.requests[0].query["tty"] == "true"


async def test_a_connection_that_breaks_is_not_taken_for_success() -> None:
    async def abort(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"\x01half of it")
        socket._req.transport.abort()

    async with playing(abort) as (_, client):
        with pytest.raises(UnreachableError, match="broke"):
            await run(client)


async def test_an_end_without_a_status_is_not_taken_for_success() -> None:
    async def leave(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"\x01text")

    async with playing(leave) as (_, client):
        with pytest.raises(UnreachableError, match="may still be running"):
            await run(client)


async def test_a_server_that_chooses_no_protocol_is_refused() -> None:
    async def wait(socket: web.WebSocketResponse) -> None:
        await received(socket)

    async with playing(wait, []) as (_, client):
        with pytest.raises(ProtocolError, match="speaks none of"):
            await run(client)


async def test_a_server_that_answers_without_an_upgrade_is_refused() -> None:
    async def page(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    async with answering(page) as client:
        with pytest.raises(ApiError, match="web page"):
            await run(client)


async def test_refused_credentials_are_renewed_once() -> None:
    calls = 0

    async def refuse(_request: web.BaseRequest) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        return web.Response(status=401)

    async with answering(refuse) as client:
        with pytest.raises(UnauthorizedError):
            await run(client)

    assert calls == 2


async def test_a_server_that_is_away_is_unreachable() -> None:
    async with connect_to(ClusterAccess("http://127.0.0.1:9"), {}) as client:
        with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9"):
            await run(client)


async def test_attach_reads_what_comes_from_now_on(recorded: dict[str, dict[str, Any]]) -> None:
    async with (
        playing(as_recorded(recorded["exec.attach-exit"]["frames"])) as (server, client),
        open_attach(client, "shop", "web-1", container="main") as session,
    ):
        output = [data async for _, data in session]
        status = await session.exit_status()

    assert b"".join(output) == b"2\n3\n"
    assert status.code == 0
    assert server.requests[0].path.endswith("/attach")
