"""The hand-over of a terminal, on a real pseudo-terminal: it always comes back as it was."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from kube_client.channels import ExitStatus
from kube_client.errors import UnreachableError
from kube_client.exec import open_exec
from kube_client.terminal import hand_over
from tests.kube_client.socket_server import Script, playing, received

SUCCESS = b'\x03{"metadata":{},"status":"Success"}'
SIZE = b'\x04{"Width":90,"Height":25}'


@dataclass
class Screen:
    """Both ends of a pseudo-terminal: a person's and a program's."""

    person: int
    program: int

    def settings(self) -> list[Any]:
        return termios.tcgetattr(self.program)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.program, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def typed(self, text: bytes) -> None:
        os.write(self.person, text)

    async def shown(self) -> bytes:
        """What has come to the screen, at least something."""
        return await asyncio.to_thread(os.read, self.person, 65536)


@pytest.fixture
def screen() -> Iterator[Screen]:
    person, program = pty.openpty()
    screen = Screen(person, program)
    screen.resize(90, 25)
    yield screen
    os.close(person)
    os.close(program)


@asynccontextmanager
async def handed_over(script: Script, screen: Screen) -> AsyncIterator[asyncio.Task[ExitStatus]]:
    """A shell in a container that has the screen, until the block ends."""
    async with (
        playing(script) as (_, client),
        open_exec(client, "shop", "web-1", ["sh"], stdin=True, tty=True) as session,
    ):
        task = asyncio.create_task(
            hand_over(session, input_fd=screen.program, output_fd=screen.program)
        )
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_keys_go_to_the_container_untouched_and_its_output_comes_back(
    screen: Screen,
) -> None:
    seen: list[bytes | None] = []

    async def shell(socket: web.WebSocketResponse) -> None:
        seen.append(await received(socket))
        await socket.send_bytes(b"\x01$ ")
        seen.append(await received(socket))
        await socket.send_bytes(b"\x01bye\r\n")
        await socket.send_bytes(SUCCESS)

    before = screen.settings()
    async with handed_over(shell, screen) as task:
        assert await screen.shown() == b"$ "
        screen.typed(b"ls\r\x03\x04\x13")
        status = await task

    assert seen == [SIZE, b"\x00ls\r\x03\x04\x13"]
    assert status == ExitStatus(0)
    assert screen.settings() == before


async def test_a_change_of_size_is_passed_on(screen: Screen) -> None:
    seen: list[bytes | None] = []
    ready = asyncio.Event()

    async def shell(socket: web.WebSocketResponse) -> None:
        seen.append(await received(socket))
        ready.set()
        seen.append(await received(socket))
        await socket.send_bytes(SUCCESS)

    handler = signal.getsignal(signal.SIGWINCH)
    async with handed_over(shell, screen) as task:
        await ready.wait()
        screen.resize(120, 40)
        signal.raise_signal(signal.SIGWINCH)
        await task

    assert seen == [SIZE, b'\x04{"Width":120,"Height":40}']
    assert signal.getsignal(signal.SIGWINCH) == handler


async def test_a_broken_connection_gives_the_terminal_back_and_leaves_its_other_screen(
    screen: Screen,
) -> None:
    async def editor(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"\x01\x1b[?1049h\x1b[?1000hediting")
        await received(socket)
        socket._req.transport.abort()

    before = screen.settings()
    async with handed_over(editor, screen) as task:
        with pytest.raises(UnreachableError):
            await task

    shown = await screen.shown()
    assert shown.startswith(b"\x1b[?1049h\x1b[?1000hediting\x1b[?1049l")
    assert b"\x1b[?1000l" in shown
    assert b"\x1b[?25h" in shown
    assert screen.settings() == before


async def test_a_cancelled_hand_over_gives_the_terminal_back(screen: Screen) -> None:
    async def shell(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"\x01$ ")
        while await received(socket):
            pass

    before = screen.settings()
    async with handed_over(shell, screen) as task:
        await screen.shown()
        assert screen.settings() != before
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert screen.settings() == before


async def test_a_program_that_is_told_to_end_gives_the_terminal_back_first(
    screen: Screen,
) -> None:
    at_the_end: list[list[Any]] = []

    async def shell(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"\x01$ ")
        while await received(socket):
            pass

    before = screen.settings()
    previous = signal.signal(signal.SIGTERM, lambda *_: at_the_end.append(screen.settings()))
    try:
        async with handed_over(shell, screen) as task:
            await screen.shown()
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises(asyncio.CancelledError):
                await task
    finally:
        signal.signal(signal.SIGTERM, previous)

    assert at_the_end == [before]


async def test_without_a_terminal_input_is_piped_through_to_its_end() -> None:
    async def cat(socket: web.WebSocketResponse) -> None:
        while (message := await received(socket)) and message != b"\xff\x00":
            await socket.send_bytes(b"\x01" + message[1:])
        await socket.send_bytes(b"\x02done\n")
        await socket.send_bytes(SUCCESS)

    ours, theirs = os.pipe()
    out_read, out_write = os.pipe()
    error_read, error_write = os.pipe()
    os.write(theirs, b"one\ntwo")
    os.close(theirs)
    async with (
        playing(cat) as (_, client),
        open_exec(client, "shop", "web-1", ["cat"], stdin=True) as session,
    ):
        status = await hand_over(session, input_fd=ours, output_fd=out_write, error_fd=error_write)

    assert status.code == 0
    assert os.read(out_read, 100) == b"one\ntwo"
    assert os.read(error_read, 100) == b"done\n"
    for fd in (ours, out_read, out_write, error_read, error_write):
        os.close(fd)
