"""A person's terminal: a real pseudo-terminal with a screen that tests can read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

ENTER, ESCAPE, CTRL_C, CTRL_D = "\r", "\x1b", "\x03", "\x04"
PATIENCE_SECONDS = 60.0


class NeverSeenError(AssertionError):
    """What was waited for did not come; carries the screen as it stood."""


class Terminal:
    """Runs one program in a pseudo-terminal and keeps the screen that it draws."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._ended = False
        self.raw = b""
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment.pop("NO_COLOR", None)
        environment.update(env or {})
        self._fd, theirs = pty.openpty()
        _resize(theirs, columns, rows)
        self._process = subprocess.Popen(
            list(command),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - one system call, as forkpty does
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._fd)

    @property
    def screen(self) -> str:
        """The lines on the screen now, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def send(self, keys: str) -> None:
        """Type these keys."""
        os.write(self._fd, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the window this big; the program gets its SIGWINCH."""
        self._screen.resize(rows, columns)
        _resize(self._fd, columns, rows)

    def expect(self, pattern: str, *, within: float = PATIENCE_SECONDS) -> re.Match[str]:
        """Wait until the screen matches the regular expression, line by line or across lines."""
        found: list[re.Match[str]] = []

        def seen() -> bool:
            match = re.search(pattern, self.screen, re.MULTILINE)
            found.extend([match] if match else [])
            return match is not None

        self.wait_for(seen, f"the screen to show {pattern!r}", within=within)
        return found[-1]

    def expect_gone(self, pattern: str, *, within: float = PATIENCE_SECONDS) -> None:
        """Wait until the screen matches the regular expression no more."""
        self.wait_for(
            lambda: re.search(pattern, self.screen, re.MULTILINE) is None,
            f"{pattern!r} to leave the screen",
            within=within,
        )

    def wait_for(self, claim: Callable[[], bool], words: str, *, within: float) -> None:
        """Read what the program writes until the claim holds."""
        deadline = time.monotonic() + within
        while not claim():
            if self._ended:
                raise NeverSeenError(f"The program ended before {words}:\n{self.screen}")
            if time.monotonic() > deadline:
                raise NeverSeenError(f"Waited {within:g} s for {words}:\n{self.screen}")
            self._read(0.05)

    def wait_exit(self, *, within: float = PATIENCE_SECONDS) -> int:
        """Wait for the program to end; its exit code, or 128 + the signal that ended it."""
        deadline = time.monotonic() + within
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                raise NeverSeenError(f"The program did not end in {within:g} s:\n{self.screen}")
            self._read(0.05)
        while not self._ended and self._read(0):
            pass
        code = self._process.returncode
        return code if code >= 0 else 128 - code

    def _read(self, patience: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], patience)
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux says EIO when the last writer has gone
            data = b""
        if not data:
            self._ended = True
            return False
        self.raw += data
        self._stream.feed(data)
        return True


def _take_terminal() -> None:
    """Make standard input the controlling terminal of this (new) session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _resize(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
