"""Redirections: which streams a command has while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from demo_cluster.toybox import syntax
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.machine import Machine, encode
from demo_cluster.toybox.processes import Contents, Nothing, Process, Readable, Writable

Streams: TypeAlias = tuple[Readable, Writable, Writable]


def streams_of(process: Process) -> Streams:
    """Its three streams as they are now."""
    return process.stdin, process.stdout, process.stderr


def give_streams(process: Process, streams: Streams) -> None:
    """Have it use these."""
    process.stdin, process.stdout, process.stderr = streams


async def redirect(
    machine: Machine,
    process: Process,
    redirects: list[syntax.Redirect],
    expand: Callable[[syntax.Word], Awaitable[str]],
) -> None:
    """Change the process's streams as the redirects say, one after the other.

    Raises:
        FileError: A file cannot be opened, or a descriptor is not there.
    """
    for each in redirects:
        target = await expand(each.target)
        if each.operator == "<<":
            process.stdin = Contents(encode(target))
        elif each.operator == "<":
            process.stdin = machine.reader(process, target)
        elif each.operator == "<&":
            process.stdin = Nothing() if target == "-" else process.stdin
        elif each.operator == ">&" and (target.isdigit() or target == "-"):
            _set(process, each.descriptor, _duplicate(process, target))
        else:
            append = each.operator.endswith(">>")
            stream = machine.writer(process, target, append=append)
            _set(process, each.descriptor, stream)
            if each.operator.startswith("&") or each.operator == ">&":
                _set(process, 2, stream)


def _duplicate(process: Process, target: str) -> Writable:
    streams = {"1": process.stdout, "2": process.stderr}
    if target == "-":
        return Nothing()
    if target not in streams:
        raise FileError(target, "Bad file descriptor")
    return streams[target]


def _set(process: Process, descriptor: int, stream: Writable) -> None:
    if descriptor == 1:
        process.stdout = stream
    elif descriptor == 2:
        process.stderr = stream


def open_failure(error: FileError) -> str:
    """How a shell says that a file of a redirection cannot be opened."""
    reason = error.reason.replace("No such file or directory", "no such file")
    verb = "open" if error.reason.startswith("No such") else "create"
    return f"can't {verb} {error.path}: {reason}"
