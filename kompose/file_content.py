"""The content of the files that a compose project names, and of nothing that has no end.

Whatever stands at a path is read: a file, a device, a pipe that a shell made of a command.
"""

import errno
import os
import select
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from kompose.errors import ComposeError

LARGEST_BYTES = 256 * 1024 * 1024
"""No compose file comes near it, and what is longer, such as a device, may have no end."""

_CHUNK_BYTES = 1 << 16
_WRITER_SECONDS = 2.0
"""How long a pipe may stand there without a writer."""


def read_file(path: str | Path) -> bytes:
    """What stands at a path.

    Raises:
        OSError: It cannot be read, is larger than ``LARGEST_BYTES``, or is a pipe that nobody
            writes to.
        ValueError: The path has a NUL in it.
    """
    try:
        return _read_whole(path)
    except OSError as error:
        error.filename = str(path)
        raise


def read_stdin() -> bytes:
    """Standard input to its end.

    Raises:
        ComposeError: It cannot be read, or is longer than ``LARGEST_BYTES``.
    """
    try:
        return read_stream(sys.stdin.buffer)
    except OSError as error:
        raise ComposeError(
            f"read standard input: {(error.strerror or str(error)).lower()}"
        ) from None


def _read_whole(path: str | Path) -> bytes:
    with open(path, "rb", buffering=0, opener=_open_at_once) as file:
        facts = os.fstat(file.fileno())
        if stat.S_ISREG(facts.st_mode) and facts.st_size > LARGEST_BYTES:
            raise _too_large()
        first = _first_of_pipe(file.fileno()) if stat.S_ISFIFO(facts.st_mode) else b""
        os.set_blocking(file.fileno(), True)
        return first + read_stream(file)


def read_stream(stream: BinaryIO) -> bytes:
    """A stream to its end.

    Raises:
        OSError: It cannot be read, or is longer than ``LARGEST_BYTES``.
    """
    chunks: list[bytes] = []
    length = 0
    while chunk := stream.read(_CHUNK_BYTES):
        chunks.append(chunk)
        length += len(chunk)
        if length > LARGEST_BYTES:
            raise _too_large()
    return b"".join(chunks)


def _open_at_once(path: str, flags: int) -> int:
    """Opening a pipe would wait for its writer, for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def _first_of_pipe(handle: int) -> bytes:
    """What a pipe has to say now that somebody writes to it, or has written and gone."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    is_empty = not poll.poll(_WRITER_SECONDS * 1000)
    try:
        first = os.read(handle, _CHUNK_BYTES)
    except BlockingIOError:
        return b""  # a writer that thinks
    if is_empty and not first:
        raise OSError(errno.ENXIO, "nobody writes to this pipe")
    return first


def _too_large() -> OSError:
    return OSError(errno.EFBIG, "file too large")
