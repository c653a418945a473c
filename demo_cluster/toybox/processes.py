"""Processes of a toy machine: coroutines on the cluster's clock, without asyncio.

A process runs until it waits (for time, input or a child) and is resumed by a plain callback, so a
stepped clock makes every run the same, and a thousand idle containers cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

from demo_cluster.clock import Clock

PIPE_SIZE = 65536
SLICE = 2000
"""Steps that a process may take before it must let time pass: `while true; do :; done` is legal."""

SIGNALS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "KILL": 9,
    "USR1": 10,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "CHLD": 17,
    "CONT": 18,
    "STOP": 19,
    "WINCH": 28,
}
HARMLESS = frozenset({17, 18, 28})

Wake = Callable[[], None]


class Ended(Exception):  # noqa: N818 - not an error: how a process leaves
    """The process is over, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Suspension:
    """Awaiting it stops the process until `wake` is called; `arrange` says who will call it."""

    def __init__(self, arrange: Callable[[Wake], None]) -> None:
        self.arrange = arrange

    def __await__(self) -> Generator[Suspension, None, None]:
        yield self


class Readable(Protocol):
    """Where bytes come from."""

    async def read(self, limit: int = PIPE_SIZE) -> bytes:
        """What is there, at least one byte; nothing at the end of the stream."""
        ...


class Writable(Protocol):
    """Where bytes go."""

    async def write(self, data: bytes) -> None:
        """Pass all of it on; raises `Ended` (SIGPIPE) when nobody reads any more."""
        ...


class Pipe:
    """Bytes from one process to another, with a bounded buffer."""

    def __init__(self, *, bounded: bool = True) -> None:
        self._buffer = bytearray()
        self._bounded = bounded
        self._waiting: list[Wake] = []
        self._ends = 0
        self.write_closed = False
        self.read_closed = False

    def _notify(self) -> None:
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    def feed(self, data: bytes) -> None:
        """Put bytes in from outside the machine."""
        if not self.read_closed:
            self._buffer += data
            self._notify()

    def close_write(self) -> None:
        """The reader sees the end after what is buffered."""
        self.write_closed = True
        self._notify()

    def end_once(self) -> None:
        """One read sees an end (^D at a terminal); later ones read on."""
        self._ends += 1
        self._notify()

    def close_read(self) -> None:
        """Writers get SIGPIPE from now on."""
        self.read_closed = True
        self._buffer.clear()
        self._notify()

    async def read(self, limit: int = PIPE_SIZE) -> bytes:
        """What is there, at least one byte; nothing at the end."""
        while not (self._buffer or self.write_closed or self._ends):
            await Suspension(self._waiting.append)
        if not self._buffer and self._ends:
            self._ends -= 1
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        self._notify()
        return data

    async def write(self, data: bytes) -> None:
        """Pass it on; waits while the buffer is full."""
        while self._bounded and len(self._buffer) >= PIPE_SIZE and not self.read_closed:
            await Suspension(self._waiting.append)
        if self.read_closed:
            raise Ended(128 + SIGNALS["PIPE"])
        self._buffer += data
        self._notify()


class Outlet:
    """A writer that hands bytes to a function: a log, a WebSocket, a terminal."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    async def write(self, data: bytes) -> None:
        """Hand it over at once."""
        if data:
            self._take(data)


class Nothing:
    """/dev/null."""

    async def read(self, limit: int = PIPE_SIZE) -> bytes:  # noqa: ARG002 - the protocol's
        """The end."""
        return b""

    async def write(self, data: bytes) -> None:
        """Gone."""


class Contents:
    """A reader over bytes that are all there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    async def read(self, limit: int = PIPE_SIZE) -> bytes:
        """The next piece."""
        piece = self._data[self._position : self._position + limit]
        self._position += len(piece)
        return piece


class Repeating:
    """A reader without an end: /dev/zero, `yes`."""

    def __init__(self, piece: bytes) -> None:
        self._piece = piece

    async def read(self, limit: int = PIPE_SIZE) -> bytes:
        """As much as asked for."""
        return (self._piece * (limit // len(self._piece) + 1))[:limit]


@dataclass(eq=False)
class Process:
    """One process: who it is, what it may read and write, and how it ended."""

    table: ProcessTable
    pid: int
    parent: int
    arguments: list[str]
    environment: dict[str, str]
    directory: str
    stdin: Readable
    stdout: Writable
    stderr: Writable
    started_seconds: float
    terminal: str = "?"
    session: object = None
    """The terminal that it runs on; children inherit it."""
    exit_code: int | None = None
    traps: dict[int, str] = field(default_factory=dict)
    pending: list[int] = field(default_factory=list)
    interactive: bool = False
    on_interrupt: Wake | None = None
    _coroutine: Coroutine[Any, Any, int] | None = None
    _running: bool = False
    _woken: bool = False
    _token: int = 0
    _steps: int = 0
    _watchers: list[Wake] = field(default_factory=list)

    def start(self, coroutine: Coroutine[Any, Any, int]) -> None:
        """Begin to run, at once and until it first waits."""
        self._coroutine = coroutine
        self._step(None)

    def _step(self, error: BaseException | None) -> None:
        coroutine = self._coroutine
        if coroutine is None or self._running:
            return
        self._running = True
        try:
            while True:
                self._woken = False
                self._token += 1
                try:
                    waiting = coroutine.throw(error) if error else coroutine.send(None)
                except StopIteration as done:
                    self._finish(done.value)
                    return
                except Ended as done:
                    self._finish(done.code)
                    return
                error = None
                waiting.arrange(self._waker(self._token))
                if not self._woken:
                    return
        finally:
            self._running = False

    def _waker(self, token: int) -> Wake:
        def wake() -> None:
            if token != self._token or self._coroutine is None:
                return
            if self._running:
                self._woken = True
            else:
                self._step(None)

        return wake

    def _finish(self, code: int) -> None:
        self._coroutine = None
        self.exit_code = code
        self.table.remove(self)
        watchers, self._watchers = self._watchers, []
        for wake in watchers:
            wake()

    def when_ended(self, call: Wake) -> None:
        """Call it when the process has ended (at once if it has)."""
        if self.exit_code is not None:
            call()
        else:
            self._watchers.append(call)

    async def ended(self) -> int:
        """Its exit code, as soon as there is one."""
        while self.exit_code is None:
            await Suspension(self.when_ended)
        return self.exit_code

    async def sleep(self, seconds: float) -> None:
        """Let this much of the cluster's time pass."""

        def arrange(wake: Wake) -> None:
            self.table.clock.call_later(seconds, wake)

        await Suspension(arrange)

    async def breathe(self) -> None:
        """Called for every command of a loop: an endless loop must not stop the world."""
        self._steps += 1
        if self._steps % SLICE == 0:
            await self.sleep(0.05)

    def signal(self, number: int) -> None:
        """Deliver a signal: trapped, ignored by process 1, or deadly."""
        if self.exit_code is not None:
            return
        if number == SIGNALS["KILL"]:
            self.kill(128 + number)
        elif number in self.traps:
            if self.traps[number]:
                self.pending.append(number)
                if self.on_interrupt:
                    self.on_interrupt()
        elif not (self.pid == 1 or self.interactive or number in HARMLESS):
            self.kill(128 + number)

    def kill(self, code: int) -> None:
        """End it now, wherever it waits."""
        if self._coroutine is None:
            return
        if self._running:
            raise Ended(code)
        coroutine, self._coroutine = self._coroutine, None
        coroutine.close()
        self._finish(code)


class ProcessTable:
    """All processes of one container."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.processes: dict[int, Process] = {}
        self._next = 1

    def seconds(self) -> float:
        """The clock as a number."""
        return self.clock.now().timestamp()

    def new(
        self,
        arguments: list[str],
        *,
        environment: dict[str, str],
        directory: str,
        streams: tuple[Readable, Writable, Writable],
        parent: int = 0,
        terminal: str = "?",
    ) -> Process:
        """A process that has not begun yet."""
        process = Process(
            self,
            self._next,
            parent,
            arguments,
            environment,
            directory,
            *streams,
            started_seconds=self.seconds(),
            terminal=terminal,
        )
        if parent in self.processes:
            process.session = self.processes[parent].session
        self.processes[self._next] = process
        self._next += 1
        return process

    def remove(self, process: Process) -> None:
        """It ended; with process 1 everything ends."""
        self.processes.pop(process.pid, None)
        if process.pid == 1:
            self.kill_all()

    def children(self, pid: int) -> list[Process]:
        """Those it started and that still run."""
        return [each for each in self.processes.values() if each.parent == pid]

    def kill_all(self) -> None:
        """Nobody survives."""
        for process in list(self.processes.values()):
            if not process._running:
                process.kill(137)
