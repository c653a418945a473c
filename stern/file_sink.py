"""`--output-dir`: a file per container, rotated, beside what is shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

from stern.entry import Entry
from stern.errors import SternError
from stern.sink import Sink
from stern.target import Target

ROTATE_BYTES = 100 << 20
_KEPT_FILES = 5


class FileSink:
    """Appends each target's lines, with their stamps, to its file; then hands them on."""

    def __init__(self, folder: Path, inner: Sink, rotate_bytes: int = ROTATE_BYTES) -> None:
        self._folder = folder
        self._inner = inner
        self._rotate_bytes = rotate_bytes
        self._files: dict[Target, LogFile] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SternError(f"cannot write to {folder}: {error.strerror}") from error

    async def entry(self, entry: Entry) -> None:
        """Some more lines, into the file first."""
        file = self._files.get(entry.target)
        if file is None:
            path = self._folder / file_name(entry.target)
            file = self._files[entry.target] = LogFile(path, self._rotate_bytes)
        ending = b"" if entry.data.endswith(b"\n") else b"\n"
        try:
            file.append(entry.data + ending)
        except OSError as error:
            raise SternError(f"cannot write to {self._folder}: {error.strerror}") from error
        await self._inner.entry(entry)

    def started(self, target: Target) -> None:
        """As it is."""
        self._inner.started(target)

    def ended(self, target: Target) -> None:
        """Close the target's file."""
        file = self._files.pop(target, None)
        if file is not None:
            file.close()
        self._inner.ended(target)

    def trouble(self, message: str) -> None:
        """As it is."""
        self._inner.trouble(message)


def file_name(target: Target) -> str:
    """`namespace_pod_container.log`; none of the three can hold an underscore."""
    words = (target.context, target.namespace, target.pod, target.container)
    safe = (re.sub(r"[^A-Za-z0-9.-]", "-", word) for word in words if word)
    return f"{'_'.join(safe).lstrip('.')}.log"


class LogFile:
    """A file that gives way to a new one when it is full: x.log, x.log.1, x.log.2 ..."""

    def __init__(self, path: Path, rotate_bytes: int) -> None:
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._open()

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self._size = os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        """Write whole lines; all of them go into one file."""
        if self._size and self._size + len(data) > self._rotate_bytes:
            self._rotate()
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._size += len(data)

    def _rotate(self) -> None:
        self.close()
        for number in range(_KEPT_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._open()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
