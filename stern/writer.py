"""The only code that writes to stdout and stderr while logs are read."""

from __future__ import annotations

import os
import sys

from stern.errors import SternError


def write_out(block: bytes) -> None:
    """Write all of it to standard output, in as few writes as the system allows.

    Ends the program when nobody reads it any more.

    Raises:
        SternError: It cannot be written.
    """
    try:
        _write(1, block)
    except BrokenPipeError:
        die_of_broken_pipe()
    except OSError as error:
        raise SternError(f"write to standard output: {error.strerror}") from error


def write_note(text: str) -> None:
    """Write to standard error what is no log line."""
    try:
        _write(2, text.encode("utf-8", "replace"))
    except OSError:
        return  # nobody reads notes; the lines matter


def _write(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            _wait_until_writable(descriptor)


def _wait_until_writable(descriptor: int) -> None:
    """A terminal or pipe that another program has set to non-blocking: wait for it."""
    import select

    select.select((), (descriptor,), ())


def die_of_broken_pipe() -> None:
    """End as a program ends whose reader has gone: silently, by SIGPIPE."""
    import signal

    if sys.platform == "win32":
        raise SystemExit(1)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
