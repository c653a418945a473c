"""What toy programs share: options, input, and complaints."""

from __future__ import annotations

from collections.abc import AsyncIterator

from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.machine import Machine, decode, encode
from demo_cluster.toybox.processes import Process, Readable


def options(arguments: list[str], valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Single-letter options (those in `valued` take the next word) and the other words."""
    found: dict[str, str] = {}
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return found, words + rest
        if not word.startswith("-") or word == "-" or word.startswith("--"):
            words.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in valued:
                found[letter] = letters or (rest.pop(0) if rest else "")
                letters = ""
            else:
                found[letter] = ""
    return found, words


async def read_all(stream: Readable) -> bytes:
    """Everything up to the end.

    Raises:
        FileError: It is more than a container's memory holds.
    """
    collected = bytearray()
    while piece := await stream.read():
        collected += piece
        if len(collected) > _MOST_BYTES:
            raise FileError("-", "Cannot allocate memory")
    return bytes(collected)


_MOST_BYTES, _LONGEST_LINE = 8 << 20, 4 << 20


async def complain(process: Process, name: str, message: str) -> int:
    """One line on stderr; the status of failure."""
    await process.stderr.write(encode(f"{name}: {message}\n"))
    return 1


def lines_of(data: bytes) -> list[str]:
    """Text as lines, without their ends."""
    text = decode(data)
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


async def read_lines(stream: Readable) -> AsyncIterator[bytes]:
    """Lines as they come, each with its end.

    Raises:
        FileError: One is longer than a container's memory holds.
    """
    rest = b""
    while piece := await stream.read():
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise FileError("-", "Cannot allocate memory")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def sources(machine: Machine, process: Process, paths: list[str]) -> list[tuple[str, Readable]]:
    """The files of a command line with their names; stdin without any.

    Raises:
        FileError: One cannot be read.
    """
    if not paths:
        return [("-", process.stdin)]
    return [
        (path, process.stdin if path == "-" else machine.reader(process, path)) for path in paths
    ]
