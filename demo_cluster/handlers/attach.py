"""attach: what a container's first process says from now on, and its input."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from demo_cluster.containers.logbook import Entry
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
    feed,
    success,
)
from demo_cluster.handlers.containers import choose_container, pod_of, worker_of
from demo_cluster.handlers.upgrades import upgrade
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.wire.reply import AnyReply, Call, Reply

MOST_WAITING = 16 << 20
"""A client that is so many bytes behind is cut off: the container does not wait for it."""
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def attach(call: Call) -> AnyReply:
    """GET or POST of attach.

    Raises:
        Failure: 400 or 404.
    """
    pod = pod_of(call)
    name = choose_container(pod, call.param("container"))
    worker = worker_of(call, pod)
    refused = check_handshake(call, REMOTE_COMMAND, STREAMED)
    if refused is not None:
        return refused
    state = worker.container(name)
    if state is None or state.run is None or not state.run.is_running:
        place = f"{worker.name}_{worker.namespace}"
        return Reply(500, f"container {name} not found in pod {place}", TEXT, is_bare=True)
    return upgrade(call, AttachSession(call, state.run, state.spec).talk)


class AttachSession:
    """One attach from its first message to its end."""

    def __init__(self, call: Call, run: ContainerRun, spec: Obj) -> None:
        self._run = run
        self._wants = {"stdout": call.flag("stdout"), "stderr": call.flag("stderr")}
        if call.flag("tty") and not spec.get("tty"):
            self._wants.clear()  # the runtime looks for a terminal's output, and there is none
        self._has_stdin = call.flag("stdin") and bool(spec.get("stdin"))
        self._stdin_once = bool(spec.get("stdinOnce"))
        self._ended = asyncio.Event()
        self._is_too_slow = False

    async def talk(self, channels: Channels) -> None:
        """Pass bytes both ways until the container ends or the client goes."""
        channels.greet()
        stop = self._listen(channels)
        reader = asyncio.ensure_future(self._read(channels))
        ender = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({reader, ender}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop()
            reader.cancel()
            ender.cancel()
        if self._is_too_slow or not self._ended.is_set():
            channels.abandon()
            return
        if channels.subprotocol.startswith(("v4", "v5")):
            channels.send(ERROR, success())
        await channels.finish()

    def _listen(self, channels: Channels) -> Callable[[], None]:
        output, log = self._run.output, self._run.log

        def pass_on(stream: str, data: bytes) -> None:
            if channels.backlog.size > MOST_WAITING:
                self._is_too_slow = True
                self._ended.set()
            elif self._wants.get(stream):
                channels.send(STDOUT if stream == "stdout" else STDERR, data)

        def said(entries: list[Entry]) -> None:
            if not entries:
                self._ended.set()
            elif not self._run.has_output:
                pass_on("stdout", b"".join(entry.data for entry in entries))

        output.listeners.append(pass_on)
        stop_log = log.follow(said)

        def stop() -> None:
            stop_log()
            output.listeners.remove(pass_on)

        return stop

    async def _read(self, channels: Channels) -> None:
        terminal = self._run.terminal
        async for channel, data in channels.messages():
            if channel == STDIN and self._has_stdin:
                if terminal is not None:
                    terminal.feed(data)
                else:
                    await feed(self._run.stdin, data)
            elif channel == RESIZE and terminal is not None:
                try:
                    size = json.loads(data)
                    terminal.resize(int(size["Width"]), int(size["Height"]))
                except (ValueError, KeyError, TypeError):
                    continue
            elif channel == CLOSE and data[:1] == bytes([STDIN]) and self._has_stdin:
                if self._stdin_once:
                    self._run.stdin.close_write()
                else:
                    self._ended.set()
