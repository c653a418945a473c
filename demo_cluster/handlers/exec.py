"""exec: a command in a container, over the channel protocols; nothing runs on the host."""

from __future__ import annotations

import asyncio
import json

from demo_cluster.handlers.channels import (
    CLOSE,
    ERROR,
    REMOTE_COMMAND,
    RESIZE,
    STDERR,
    STDIN,
    STDOUT,
    STREAMED,
    Channels,
    check_handshake,
    exit_status,
    feed,
    internal_error,
)
from demo_cluster.handlers.containers import choose_container, pod_of, worker_of
from demo_cluster.handlers.upgrades import upgrade
from demo_cluster.kubelet.commands import start_failure
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.toybox.machine import NoSuchProgramError
from demo_cluster.toybox.processes import SIGNALS, Nothing, Outlet, Pipe, Process
from demo_cluster.toybox.terminal import Terminal
from demo_cluster.wire.reply import AnyReply, Call, Reply

TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def execute(call: Call) -> AnyReply:
    """GET or POST of exec.

    Raises:
        Failure: 400 or 404.
    """
    pod = pod_of(call)
    name = choose_container(pod, call.param("container"))
    worker = worker_of(call, pod)
    refused = check_handshake(call, REMOTE_COMMAND, STREAMED)
    if refused is not None:
        return refused
    if not any(call.flag(stream) for stream in ("stdin", "stdout", "stderr")):
        text = "you must specify at least 1 of stdin, stdout, stderr"
        return Reply(400, text, TEXT, is_bare=True)
    state = worker.container(name)
    if state is None or state.run is None or not state.run.is_running:
        return Reply(500, f'container not found ("{name}")', TEXT, is_bare=True)
    return upgrade(call, ExecSession(call, state.run).talk)


class ExecSession:
    """One exec from its first message to its status."""

    def __init__(self, call: Call, run: ContainerRun) -> None:
        self._run = run
        self._command = [word for word in call.query.get("command", []) if word]
        self._has_stdin = call.flag("stdin")
        self._has_stdout = call.flag("stdout")
        self._has_stderr = call.flag("stderr")
        self._has_terminal = call.flag("tty")
        self._terminal: Terminal | None = None
        self._stdin: Pipe = Pipe(bounded=False)
        self._process: Process | None = None
        self._ended = asyncio.Event()

    async def talk(self, channels: Channels) -> None:
        """Start the command, pass bytes both ways, end with its status."""
        if self._has_stdout:
            channels.greet()
        try:
            process = self._start(channels)
        except NoSuchProgramError as error:
            why = f"error executing command in container: {start_failure(error)}"
            channels.send(ERROR, internal_error(why))
            await channels.finish()
            return
        reader = asyncio.ensure_future(self._read(channels))
        ender = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({reader, ender}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            ender.cancel()
            has_left = process.exit_code is None
            if has_left:
                self._hang_up(process)
        if has_left or process.exit_code is None:
            channels.abandon()
            return
        status = exit_status(channels.subprotocol, self._command, process.exit_code)
        if status and channels.subprotocol:
            channels.send(ERROR, status)
        await channels.finish()

    def _start(self, channels: Channels) -> Process:
        if not self._command:
            raise NoSuchProgramError("", "args must not be empty", 127)
        machine, plan = self._run.machine, self._run.plan

        def show(data: bytes) -> None:
            if self._has_stdout:
                channels.send(STDOUT, data)

        def complain(data: bytes) -> None:
            if self._has_stderr:
                channels.send(STDERR, data)

        environment = dict(plan.environment)
        if self._has_terminal:
            number = 1 + sum(p.terminal != "?" for p in machine.table.processes.values())
            self._terminal = Terminal(machine.table, show, f"pts/{number}", channels.backlog)
            environment.setdefault("TERM", "xterm")
        _, program = machine.find_program(self._command[0], environment)
        streams = (
            self._stdin if self._has_stdin else Nothing(),
            Outlet(show, channels.backlog),
            Outlet(complain, channels.backlog),
        )
        process = machine.table.new(
            self._command,
            environment=environment,
            directory=plan.directory,
            streams=streams,
        )
        if self._terminal is not None:
            process.terminal, process.session = self._terminal.name, self._terminal
            process.stdin = self._terminal.keyboard
            process.stdout = process.stderr = self._terminal.screen
        self._process = process
        process.when_ended(self._ended.set)
        machine.begin(process, program)
        return process

    async def _read(self, channels: Channels) -> None:
        async for channel, data in channels.messages():
            if channel == STDIN and self._has_stdin:
                if self._terminal is not None:
                    self._terminal.feed(data)
                else:
                    await feed(self._stdin, data)
            elif channel == RESIZE and self._terminal is not None:
                self._resize(self._terminal, data)
            elif channel == CLOSE and data[:1] == bytes([STDIN]):
                self._stdin.close_write()

    @staticmethod
    def _resize(terminal: Terminal, data: bytes) -> None:
        try:
            size = json.loads(data)
            terminal.resize(int(size["Width"]), int(size["Height"]))
        except (ValueError, KeyError, TypeError):
            return

    def _hang_up(self, process: Process) -> None:
        """The client went: a terminal's processes end; others see the end of their input."""
        if self._terminal is not None:
            self._terminal.hang_up()
        self._stdin.close_write()
        process.kill(128 + SIGNALS["HUP"])
