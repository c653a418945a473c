"""The local terminal, handed to a command in a container, and taken back whatever happens."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

from kube_client.errors import KubeError, UnreachableError
from kube_client.exec import ExecSession, ExitStatus

_READ_BYTES = 32 * 1024
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

# What a program that was cut off leaves behind: mouse reports, bracketed paste, application keys,
# a hidden cursor, colours.
_CALM = (
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l"
    b"\x1b[?1l\x1b>\x1b[?25h\x1b[0m"
)
_ENTER_SCREEN, _LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


async def hand_over(
    session: ExecSession, *, input_fd: int = 0, output_fd: int = 1, error_fd: int = 2
) -> ExitStatus:
    """Connect the session to the local terminal until the command ends; returns how it did.

    With a session that has a terminal, the local one is raw meanwhile: every key, Ctrl-C too, goes
    to the container, and changes of size follow. Whether the command ends, the connection breaks,
    the task is cancelled or the program gets SIGTERM or SIGHUP: the terminal is as it was before.

    Raises:
        UnreachableError: The connection broke before the command ended.
    """
    screen = _Screen(output_fd)
    ended_by: list[int] = []
    try:
        async with AsyncExitStack() as stack:
            if session.tty and os.isatty(input_fd):
                stack.enter_context(_raw_mode(input_fd))
                stack.callback(screen.calm)
            for number in _ENDING_SIGNALS:
                stack.enter_context(_on_signal(number, _end_this_task(number, ended_by)))
            await stack.enter_async_context(_beside(_feed(session, input_fd)))
            if session.tty and os.isatty(output_fd):
                await stack.enter_async_context(_beside(_follow_size(session, output_fd)))
            async for channel, data in session:
                if channel == "stdout":
                    await screen.write(data)
                else:
                    await _write(error_fd, data)
            return await session.exit_status()
    except asyncio.CancelledError:
        if ended_by:
            signal.raise_signal(ended_by[0])
        raise


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run this for as long as the block lasts, and not a moment longer."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _Screen:
    """The local screen, and what it must be freed from in the end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._is_alternate = False

    async def write(self, data: bytes) -> None:
        entered, left = data.rfind(_ENTER_SCREEN), data.rfind(_LEAVE_SCREEN)
        if entered != left:
            self._is_alternate = entered > left
        await _write(self._fd, data)

    def calm(self) -> None:
        if not os.isatty(self._fd):
            return
        leave = _LEAVE_SCREEN if self._is_alternate else b""
        with suppress(OSError):  # the terminal may be gone
            os.write(self._fd, leave + _CALM)


@contextmanager
def _raw_mode(fd: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def _on_signal(number: int, callback: Callable[[], None]) -> Iterator[None]:
    """Call back on a signal for as long as the block lasts; the handler before comes back."""
    loop = asyncio.get_running_loop()
    before: Any = signal.getsignal(number)
    try:
        loop.add_signal_handler(number, callback)
    except (RuntimeError, ValueError, NotImplementedError):
        yield  # signals are the main thread's
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(number)
        if before is not None:
            signal.signal(number, before)


def _end_this_task(number: int, ended_by: list[int]) -> Callable[[], None]:
    task = asyncio.current_task()
    assert task is not None

    def end() -> None:
        ended_by.append(number)
        task.cancel()

    return end


async def _feed(session: ExecSession, fd: int) -> None:
    """Local input to the command, until either ends."""
    try:
        while data := await _read(fd):
            await session.send(data)
        if session.can_close_stdin:
            await session.close_stdin()
    except KubeError:
        pass  # the reader of the session tells it


async def _follow_size(session: ExecSession, fd: int) -> None:
    """The size of the local terminal, now and whenever it changes."""
    changed = asyncio.Event()
    changed.set()
    with _on_signal(signal.SIGWINCH, changed.set):
        try:
            while True:
                await changed.wait()
                changed.clear()
                columns, rows = os.get_terminal_size(fd)
                await session.resize(columns, rows)
        except (UnreachableError, OSError):
            pass  # the reader of the session tells it


async def _read(fd: int) -> bytes:
    """What can be read now; empty at the end of the input."""
    while True:
        try:
            await _until_ready(fd, asyncio.get_running_loop().add_reader, is_reader=True)
        except PermissionError:  # a regular file is always ready, and epoll refuses it
            return await asyncio.to_thread(os.read, fd, _READ_BYTES)
        try:
            return os.read(fd, _READ_BYTES)
        except BlockingIOError:
            continue
        except OSError:
            return b""  # a terminal whose other side is closed


async def _write(fd: int, data: bytes) -> None:
    """Write everything, however slow the terminal is."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            await _until_ready(fd, asyncio.get_running_loop().add_writer, is_reader=False)


async def _until_ready(fd: int, register: Callable[..., None], *, is_reader: bool) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    register(fd, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        if is_reader:
            loop.remove_reader(fd)
        else:
            loop.remove_writer(fd)
