"""One run of one container: a toy process, or an image that talks by itself."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from demo_cluster.clock import Clock, TimerHandle
from demo_cluster.containers.chatter import Chatter, ChatterLog
from demo_cluster.containers.images import Image
from demo_cluster.containers.logbook import WrittenLog, nanoseconds
from demo_cluster.toybox.machine import Machine
from demo_cluster.toybox.processes import SIGNALS, Nothing, Outlet, Pipe, Process
from demo_cluster.toybox.terminal import Terminal

Exit = Callable[[int, str], None]
"""Told once how the run ended: exit code and reason."""


@dataclass(frozen=True)
class RunPlan:
    """All that a run needs to begin."""

    name: str
    number: int
    """How often this container was restarted before."""
    identity: str
    """What its behaviour is derived from; the same for the same pod and run."""
    container_id: str
    image: Image
    command: list[str]
    environment: dict[str, str]
    directory: str
    has_stdin: bool
    has_terminal: bool
    memory_limit: int
    facts: dict[str, str]
    make_machine: Callable[[], Machine]


class OutputTee:
    """Output of the first process: to the log, and to whoever is attached."""

    def __init__(self, log: WrittenLog | ChatterLog) -> None:
        self._log = log
        self.listeners: list[Callable[[str, bytes], None]] = []

    def take(self, stream: str, data: bytes) -> None:
        """Pass it on."""
        self._log.write(data, stream)
        for listener in list(self.listeners):
            listener(stream, data)


_LINES_A_STEP = 4


class ToyRun:
    """A command of the pod, run by the toy machine."""

    has_output = True
    """All that is in the log went through `output`."""

    def __init__(self, plan: RunPlan, clock: Clock, on_exit: Exit) -> None:
        self.plan = plan
        self.started = clock.now()
        self.log = WrittenLog(clock.now)
        self.output = OutputTee(self.log)
        self.machine = plan.make_machine()
        self.machine.on_memory = self._grew
        self.is_running = False
        self.stdin = Pipe(bounded=False)
        self.terminal: Terminal | None = None
        self._on_exit = on_exit
        self._process: Process | None = None
        self._reason = ""

    def start(self) -> None:
        """Let the first process run.

        Raises:
            NoSuchProgramError: The command does not exist.
        """
        plan, table = self.plan, self.machine.table
        streams: tuple[Pipe | Nothing, Outlet, Outlet] = (
            self.stdin if plan.has_stdin else Nothing(),
            Outlet(lambda data: self._said("stdout", data)),
            Outlet(lambda data: self._said("stderr", data)),
        )
        _, program = self.machine.find_program(plan.command[0], plan.environment)
        process = table.new(
            plan.command,
            environment=plan.environment,
            directory=plan.directory,
            streams=streams,
        )
        if plan.has_terminal:
            self._give_terminal(process)
        self._process = process
        self.is_running = True
        process.when_ended(self._ended)
        self.machine.begin(process, program)

    def _said(self, stream: str, data: bytes) -> None:
        """Its output; the lines of a log count as steps, so that a flood of them comes slowly."""
        self.output.take(stream, data)
        self.machine.table.spend(data.count(b"\n") // _LINES_A_STEP)

    def _give_terminal(self, process: Process) -> None:
        terminal = Terminal(
            self.machine.table, lambda data: self.output.take("stdout", data), "pts/0"
        )
        self.terminal = terminal
        process.session = terminal
        process.terminal = "pts/0"
        process.stdin = terminal.keyboard
        process.stdout = process.stderr = terminal.screen

    def _ended(self) -> None:
        assert self._process is not None
        code = self._process.exit_code or 0
        self.is_running = False
        self.log.end()
        self._on_exit(code, self._reason or ("Error" if code else "Completed"))

    def _grew(self, size: int) -> None:
        if self.plan.memory_limit and size > self.plan.memory_limit and self._process:
            self._reason = "OOMKilled"
            self._process.kill(137)

    def stop(self) -> None:
        """SIGTERM; a first process that does not trap it goes on."""
        if self._process and self.is_running:
            self._process.signal(SIGNALS["TERM"])

    def kill(self, code: int = 137, reason: str = "Error") -> None:
        """SIGKILL."""
        if self._process and self.is_running:
            self._reason = reason
            self._process.kill(code)

    def abandon(self) -> None:
        """End it without telling anybody."""
        self._on_exit = lambda _code, _reason: None
        self.machine.table.kill_all()


class TalkingRun:
    """An image that talks by itself; its machine is made when somebody looks inside."""

    has_output = False

    def __init__(
        self, plan: RunPlan, clock: Clock, on_exit: Exit, started: datetime | None = None
    ) -> None:
        self.plan = plan
        self.started = started or clock.now()
        start = nanoseconds(self.started)
        self.chatter = Chatter(plan.image.speech, plan.identity, start, plan.facts)
        self.log = ChatterLog(self.chatter, clock, start)
        self.output = OutputTee(self.log)
        self.is_running = True
        self.stdin = Pipe(bounded=False)
        self.terminal: Terminal | None = None
        self._clock = clock
        self._on_exit = on_exit
        self._machine: Machine | None = None
        self._timers: list[TimerHandle] = []
        self._stopping = False

    def start(self) -> None:
        """Arrange what will happen by itself: a crash, the end of the work."""
        image = self.plan.image
        chance = zlib.crc32(self.plan.identity.encode()) / 2**32
        elapsed = self._age()
        if image.finish:
            finish = image.finish
            after = finish.after + chance * finish.jitter
            fails = bool(finish.fails_every) and int(chance * 997) % finish.fails_every == 0
            self._later(after - elapsed, lambda: self._end(int(fails), finish.lines))
        if image.crash:
            after = image.crash.after + chance * image.crash.jitter
            crash = image.crash
            self._later(after - elapsed, lambda: self._end(crash.code, crash.lines, crash.reason))
        leak = self._seconds_to_the_limit()
        if leak is not None:
            self._later(leak - elapsed, lambda: self._end(137, (), "OOMKilled"))

    @property
    def has_begun(self) -> bool:
        """Whether it has come so far that it can do its work."""
        return self._age() >= self.plan.image.ready_after

    @property
    def is_unwilling(self) -> bool:
        """Whether it is in one of the times in which it takes no work."""
        if self.plan.image.unready is None:
            return False
        every, lasting = self.plan.image.unready
        return self._age() % every >= every - lasting

    @property
    def is_hung(self) -> bool:
        """Whether it will do no more work until it is started again."""
        after = self.plan.image.hangs_after
        return after is not None and self._age() >= after

    def _age(self) -> float:
        return (self._clock.now() - self.started).total_seconds()

    def _seconds_to_the_limit(self) -> float | None:
        image, limit = self.plan.image, self.plan.memory_limit
        if not image.leaks_per_hour or not limit or limit <= image.memory:
            return None
        return (limit - image.memory) / image.leaks_per_hour * 3600

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append(self._clock.call_later(max(seconds, 0.05), call))

    @property
    def machine(self) -> Machine:
        """Its inside."""
        if self._machine is None:
            machine = self.plan.make_machine()
            commands = [self.plan.command, *(worker.split() for worker in self.plan.image.workers)]
            for position, command in enumerate(commands):
                process = machine.table.new(
                    command,
                    environment=self.plan.environment,
                    directory=self.plan.directory,
                    streams=(
                        Nothing(),
                        Outlet(lambda data: self.output.take("stdout", data)),
                        Outlet(lambda data: self.output.take("stderr", data)),
                    ),
                    parent=min(position, 1),
                )
                process.started_seconds = self.started.timestamp()
                process.start(_stay(process))
                process.on_interrupt = self.stop
                process.traps[SIGNALS["TERM"]] = ":"
            machine.table.processes[1].when_ended(self._first_process_ended)
            self._machine = machine
        return self._machine

    def _first_process_ended(self) -> None:
        if self.is_running:
            self._end(137, (), "Error")

    def _end(self, code: int, lines: tuple[str, ...] = (), reason: str = "") -> None:
        if not self.is_running:
            return
        for line in lines:
            self.log.write(self.chatter.fill(line, nanoseconds(self._clock.now())))
        self._finish()
        self._on_exit(code, reason or ("Error" if code else "Completed"))

    def _finish(self) -> None:
        self.is_running = False
        for timer in self._timers:
            timer.cancel()
        self.log.end()
        if self._machine:
            self._machine.table.kill_all()

    def stop(self) -> None:
        """SIGTERM: it says farewell and goes."""
        if not self._stopping and self.is_running:
            self._stopping = True
            farewell = self.plan.image.farewell
            if math.isfinite(farewell.seconds):
                self._later(farewell.seconds, lambda: self._end(farewell.code, farewell.lines))

    def kill(self, code: int = 137, reason: str = "Error") -> None:
        """SIGKILL."""
        self._end(code, (), reason)

    def abandon(self) -> None:
        """End it without telling anybody."""
        self._on_exit = lambda _code, _reason: None
        if self.is_running:
            self._finish()


async def _stay(process: Process) -> int:
    while True:
        await process.sleep(86_400 * 365)


ContainerRun: TypeAlias = ToyRun | TalkingRun
"""A container from its start to its end, and its log afterwards."""
