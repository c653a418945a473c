"""Processes of a toy machine: coroutines on the cluster's clock, without asyncio.

A process runs until it waits (for time, input or a child) and is resumed by a plain callback, so a
stepped clock makes every run the same, and a thousand idle containers cost nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

from demo_cluster.clock import Clock

PIPE_SIZE = 65536
SLICE = 500
"""Steps that a container's processes may take before they must let time pass: endless loops are
legal."""
REST_SECONDS = 0.05
FORK_STEPS = 10
"""Steps that a new process costs."""
STEP_BYTES = 2048
"""Bytes that count as a step."""
MOST_PROCESSES = 400
"""So many run in a container at once, as a pids cgroup has it."""
_DEEPEST = 20
"""Processes that are woken inside one another; the next is woken a moment later."""

SIGNALS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
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

    @property
    def is_full(self) -> bool:
        """Whether whoever feeds it from outside had better wait."""
        return len(self._buffer) >= Backlog.LIMIT and not self.read_closed

    def when_changed(self, wake: Wake) -> None:
        """Call it when something is read, written or closed."""
        self._waiting.append(wake)

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


class Backlog:
    """What is on its way to somebody outside; who writes waits while it is too much."""

    LIMIT = 1 << 20

    def __init__(self) -> None:
        self.size = 0
        self.is_closed = False
        self._waiting: list[Wake] = []

    def add(self, size: int) -> None:
        """So many bytes more are on their way."""
        self.size += size

    def done(self, size: int) -> None:
        """So many have arrived."""
        self.size -= size
        if self.size < self.LIMIT:
            self._wake()

    def close(self) -> None:
        """Nobody takes anything any more."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    async def room(self) -> None:
        """Return when there is room.

        Raises:
            Ended: SIGPIPE, there is nobody to write to.
        """
        while self.size >= self.LIMIT and not self.is_closed:
            await Suspension(self._waiting.append)
        if self.is_closed:
            raise Ended(128 + SIGNALS["PIPE"])


class Outlet:
    """A writer that hands bytes to a function: a log, a WebSocket, a terminal.

    With a backlog it waits while too much is on its way.
    """

    def __init__(self, take: Callable[[bytes], None], backlog: Backlog | None = None) -> None:
        self._take = take
        self._backlog = backlog

    async def write(self, data: bytes) -> None:
        """Hand it over."""
        if self._backlog is not None:
            await self._backlog.room()
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
    """A reader without an end: /dev/zero. The process that reads lets time pass."""

    def __init__(self, piece: bytes, process: Process) -> None:
        self._piece = piece
        self._process = process

    async def read(self, limit: int = PIPE_SIZE) -> bytes:
        """As much as asked for."""
        await self._process.breathe(limit)
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
    _watchers: list[Wake] = field(default_factory=list)

    def start(self, coroutine: Coroutine[Any, Any, int]) -> None:
        """Begin to run, at once and until it first waits."""
        self._coroutine = coroutine
        self._waker(self._token)()

    def _step(self, error: BaseException | None) -> None:
        coroutine = self._coroutine
        if coroutine is None or self._running:
            return
        self._running = True
        self.table.nesting += 1
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
                except RecursionError:  # its stack is full
                    self._finish(128 + SIGNALS["SEGV"])
                    return
                error = None
                waiting.arrange(self._waker(self._token))
                if not self._woken:
                    return
        finally:
            self._running = False
            self.table.nesting -= 1

    def _waker(self, token: int) -> Wake:
        def wake() -> None:
            if token != self._token or self._coroutine is None:
                return
            if self._running:
                self._woken = True
            elif self.table.nesting > _DEEPEST:
                self.table.clock.call_later(0.0, wake)
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

    async def breathe(self, size: int = 0) -> None:
        """Called for every command of a loop, and with how many bytes were made.

        An endless loop must not stop the world.
        """
        if self.table.spend(1 + size // STEP_BYTES):
            await Suspension(self.table.rest)

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
        self.nesting = 0
        """How many processes are running inside one another at this moment."""
        self._next = 1
        self._spent = 0
        self._resting: deque[Wake] = deque()
        self._is_arranged = False

    def spend(self, steps: int) -> bool:
        """Take so many steps; whether it is time for others to have their turn."""
        self._spent += steps
        return self._spent >= SLICE

    def rest(self, wake: Wake) -> None:
        """Wake this process when it may go on: those that have rested longest come first."""
        self._resting.append(wake)
        self._arrange()

    def _arrange(self) -> None:
        if self._resting and not self._is_arranged:
            self._is_arranged = True
            self.clock.call_later(REST_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._spent = max(self._spent - SLICE, 0)
        for _ in range(len(self._resting)):
            if self._spent >= SLICE:
                break
            self._resting.popleft()()
        self._is_arranged = False
        self._arrange()

    @property
    def is_full(self) -> bool:
        """Whether nobody may fork."""
        is_full = len(self.processes) >= MOST_PROCESSES
        if is_full:
            self.spend(FORK_STEPS)
        return is_full

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
        self.spend(FORK_STEPS)
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
