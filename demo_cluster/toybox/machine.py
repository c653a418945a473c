"""One container from the inside: its files, its processes, its programs and its open ports."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from demo_cluster.clock import Clock
from demo_cluster.toybox.filesystem import Device, Directory, FileError, FileSystem
from demo_cluster.toybox.processes import (
    Contents,
    Nothing,
    Outlet,
    Process,
    ProcessTable,
    Readable,
    Repeating,
    Writable,
)

Program = Callable[["Machine", Process, list[str]], Awaitable[int]]
Server = Callable[[bytes], bytes]
"""A page server: the bytes of a request in, the bytes of the answer out."""

SEARCH_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
CANNOT_FORK = "can't fork: Resource temporarily unavailable"
NOISE = bytes((i * 167 + 89) % 256 for i in range(4096))


class NoSuchProgramError(Exception):
    """The command cannot be run; `code` is 127 (not found) or 126 (not executable)."""

    def __init__(self, name: str, reason: str, code: int) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason
        self.code = code


@dataclass
class Network:
    """What the containers of one pod share: an address and open ports."""

    address: str = "127.0.0.1"
    servers: dict[int, Server] = field(default_factory=dict)
    reach: Callable[[str, int], Server | None] = lambda _host, _port: None
    connections: Callable[[], list[tuple[int, str, int]]] = list
    """Established connections: local port, remote address, remote port."""


class Machine:
    """A container that runs."""

    def __init__(
        self,
        clock: Clock,
        hostname: str,
        programs: Mapping[str, Program],
        network: Network | None = None,
    ) -> None:
        self.clock = clock
        self.hostname = hostname
        self.programs = programs
        self.network = network or Network()
        self.files = FileSystem(self.seconds)
        self.table = ProcessTable(clock)
        self.user = "root"
        self.memory_bytes: Callable[[], int] = lambda: 4 << 20
        self.cpu_seconds: Callable[[int], float] = lambda _pid: 0.0
        self.on_memory: Callable[[int], None] = lambda _size: None
        """Told when a program takes much memory; may kill the container."""

    def seconds(self) -> float:
        """The clock as seconds since the epoch."""
        return self.clock.now().timestamp()

    # -- programs

    def find_program(self, name: str, environment: Mapping[str, str]) -> tuple[str, Program | None]:
        """The path of a command and the program behind it (nothing for a script).

        Raises:
            NoSuchProgramError: There is none, or it may not be run.
        """
        if "/" in name:
            node = self.files.lookup(name)
            if node is None:
                raise NoSuchProgramError(name, "not found", 127)
            if isinstance(node, Directory) or not node.mode & 0o111:
                raise NoSuchProgramError(name, "Permission denied", 126)
            return name, self.programs.get(posixpath.basename(name))
        search = environment.get("PATH", ":".join(SEARCH_PATH)).split(":")
        for folder in search:
            path = posixpath.join(folder, name)
            node = self.files.lookup(path)
            if node is not None and not isinstance(node, Directory) and node.mode & 0o111:
                return path, self.programs.get(name)
        raise NoSuchProgramError(name, "not found", 127)

    def spawn(
        self,
        arguments: list[str],
        *,
        environment: dict[str, str],
        directory: str,
        streams: tuple[Readable, Writable, Writable],
        parent: int = 0,
        terminal: str = "?",
    ) -> Process:
        """Start a program as a new process.

        Raises:
            NoSuchProgramError: It cannot be run.
        """
        _, program = self.find_program(arguments[0], environment)
        if self.table.is_full:
            raise NoSuchProgramError(arguments[0], CANNOT_FORK, 2)
        process = self.table.new(
            arguments,
            environment=environment,
            directory=directory,
            streams=streams,
            parent=parent,
            terminal=terminal,
        )
        self.begin(process, program)
        return process

    def begin(self, process: Process, program: Program | None) -> None:
        """Let a new process run its program; without one its first word is a script."""
        arguments = process.arguments
        if program is None:
            program = self.programs["sh"]
            path, _ = self.find_program(arguments[0], process.environment)
            arguments = ["sh", path, *arguments[1:]]
        process.start(run_program(program, self, process, arguments))

    # -- files as streams

    def absolute(self, process: Process, path: str) -> str:
        """The path from the process's directory."""
        return posixpath.normpath(posixpath.join(process.directory, path))

    def reader(self, process: Process, path: str) -> Readable:
        """A file opened for reading.

        Raises:
            FileError: It cannot be read.
        """
        full = self.absolute(process, path)
        if full in ("/dev/stdin", "/proc/self/fd/0"):
            return process.stdin
        node = self.files.find(full)
        if isinstance(node, Directory):
            raise FileError(path, "Is a directory")
        if isinstance(node, Device):
            sources: dict[str, Readable] = {
                "zero": Repeating(b"\0", process),
                "urandom": Repeating(NOISE, process),
                "random": Repeating(NOISE, process),
                "tty": process.stdin,
            }
            return sources.get(node.name, Nothing())
        return Contents(self.files.read(full))

    def writer(self, process: Process, path: str, *, append: bool = False) -> Writable:
        """A file opened for writing; emptied first unless `append`.

        Raises:
            FileError: It cannot be written.
        """
        full = self.absolute(process, path)
        streams = self._stream_paths(process)
        if full in streams:
            return streams[full]
        node = self.files.lookup(full)
        if isinstance(node, Device):
            if node.name == "full":
                return _Full()
            return process.stdout if node.name == "tty" else Nothing()
        self.files.write(full, b"", append=append)

        def add(data: bytes) -> None:
            self.files.write(full, data, append=True)

        return Outlet(add)

    def _stream_paths(self, process: Process) -> dict[str, Writable]:
        paths = {
            "/dev/stdout": process.stdout,
            "/dev/stderr": process.stderr,
            "/proc/self/fd/1": process.stdout,
            "/proc/self/fd/2": process.stderr,
        }
        first = self.table.processes.get(1)
        if first:
            paths["/proc/1/fd/1"] = first.stdout
            paths["/proc/1/fd/2"] = first.stderr
        return paths


class _Full:
    async def write(self, data: bytes) -> None:  # noqa: ARG002 - the protocol's
        raise FileError("write error", "No space left on device")


async def run_program(
    program: Program, machine: Machine, process: Process, arguments: list[str]
) -> int:
    """Run it; what it could not do becomes a line on stderr, as programs do it themselves."""
    try:
        return await program(machine, process, arguments)
    except FileError as error:
        name = posixpath.basename(arguments[0])
        await process.stderr.write(encode(f"{name}: {error.path}: {error.reason}\n"))
        return 1
    except (ValueError, IndexError, OverflowError):  # a word of its command line is no number
        name = posixpath.basename(arguments[0])
        await process.stderr.write(encode(f"{name}: invalid argument\n"))
        return 1


def encode(text: str) -> bytes:
    """Text of the shell as bytes; any byte survives."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """Bytes as text of the shell; any byte survives."""
    return data.decode("utf-8", "surrogateescape")
