"""A cluster in a file: every write is in it the moment it is made, and the next start goes on.

The file is lines of JSON: a head, then one for each write since. A line that a crash cut short is
not there; all before it is. At a start, and when it has grown too long, it is written anew in one
step, with every object as it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from demo_cluster.access.certificates import Certificates
from demo_cluster.custom.kinds import DEFINITIONS
from demo_cluster.kinds import KindRegistry, Obj
from demo_cluster.store.storage import Owned, Storage, StorageEvent

FORMAT = "demo-cluster/2"
_SPARE = 16 << 20
"""Bytes of writes that a file may always hold besides its objects."""
Identity = tuple[str, str, str, str]


class StateFileError(ValueError):
    """The file is none that a demo cluster can go on from; says what to do."""


class Head(msgspec.Struct):
    """What a cluster is besides its objects."""

    format: str
    scenario: str
    begun: datetime
    """When the present of the first run began."""
    authority: str
    certificate: str
    key: str
    hosts: list[str]
    tokens: dict[str, str]
    """Of the first users, by name."""
    authority_key: str = ""

    @property
    def certificates(self) -> Certificates:
        """What the server shows, as before."""
        texts = (self.authority, self.certificate, self.key, self.authority_key)
        return Certificates(*(text.encode() for text in texts))


class _Line(msgspec.Struct, omit_defaults=True):
    """One write: an object, the end of one, or how far the story has come."""

    v: int = 0
    put: Obj | None = None
    gone: Identity | None = None
    told: float | None = None


class _ReadLine(msgspec.Struct):
    """A line as it is read: its object still text, so that equal parts are made once."""

    v: int = 0
    put: msgspec.Raw = msgspec.Raw()
    gone: Identity | None = None
    told: float | None = None


class Kept(msgspec.Struct):
    """What a file holds."""

    head: Head
    version: int
    objects: list[Obj]
    told: float


def read_state(path: Path) -> Kept:
    """The cluster that a file holds.

    Raises:
        StateFileError: It is no state file, or broken in its middle.
        OSError: It cannot be read.
    """
    was_collecting = gc.isenabled()
    gc.disable()  # nothing of it is garbage
    try:
        with path.open("rb") as file:
            return _replayed(path, _read_head(path, file.readline()), file)
    finally:
        if was_collecting:
            gc.enable()


def _read_head(path: Path, line: bytes) -> Head:
    try:
        head = msgspec.json.decode(line, type=Head)
    except msgspec.DecodeError as error:
        raise StateFileError(
            f"{path} is no state file of a demo cluster; name another, or remove it to start anew."
        ) from error
    if head.format != FORMAT:
        raise StateFileError(
            f"{path} is of another version ({head.format}); remove it to start anew."
        )
    return head


def _replayed(path: Path, head: Head, lines: Iterable[bytes]) -> Kept:
    decoder = msgspec.json.Decoder(_ReadLine)
    known: dict[bytes, Any] = {}
    objects: dict[Identity, Obj] = {}
    version, told = 0, 0.0
    for number, text in enumerate(lines, 2):
        if not text.endswith(b"\n"):
            break  # it never came to its end
        try:
            line = decoder.decode(text)
            put: Obj | None = _shared(line.put, known, _DEPTH) if line.put else None
        except msgspec.DecodeError as error:
            raise StateFileError(
                f"{path}:{number}: broken ({error}); remove the file to start anew."
            ) from error
        version = max(version, line.v)
        if put is not None:
            objects[_identity(put)] = put
        elif line.gone is not None:
            objects.pop(line.gone, None)
        elif line.told is not None:
            told = line.told
    return Kept(head, version, list(objects.values()), told)


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_DEPTH, _UNIQUE, _SMALL = 5, 3, 48
"""How deep to look, from where on parts may be alike, and how short they are not worth it."""


def _shared(raw: msgspec.Raw, known: dict[bytes, Any], depth: int) -> Any:
    """The value of a text; equal texts of some size are one value, as they were when written."""
    text = bytes(raw)
    is_large = len(text) >= _SMALL
    mark = b""
    if is_large and depth <= _UNIQUE:
        mark = blake2b(text, digest_size=16).digest()
        if mark in known:
            return known[mark]
    value: Any
    if depth and is_large and text.startswith(b"{"):
        fields = _FIELDS.decode(text)
        value = {sys.intern(name): _shared(part, known, depth - 1) for name, part in fields.items()}
    elif depth and is_large and text.startswith(b"["):
        value = [_shared(part, known, depth - 1) for part in _ITEMS.decode(text)]
    else:
        value = msgspec.json.decode(text)
    if mark:
        known[mark] = value
    return value


def _identity(obj: Obj) -> Identity:
    meta = obj["metadata"]
    return obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"]


def restore_state(storage: Storage, registry: KindRegistry, kept: Kept) -> None:
    """Store the objects as they were; definitions come first, so that their kinds are known."""
    definitions = [obj for obj in kept.objects if obj["kind"] == DEFINITIONS.kind]
    storage.restore([(DEFINITIONS, obj) for obj in definitions], kept.version)
    rest: Owned = []
    for obj in kept.objects:
        kind = registry.by_kind(obj["apiVersion"], obj["kind"])
        if kind is not None and kind.storage_key != DEFINITIONS.storage_key:
            rest.append((kind, obj))
    storage.restore(rest, kept.version)


class StateFile:
    """Keeps a file as the storage is; one cluster at a time has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._lock = -1
        self._size = 0
        self._limit = 0
        self._head: Head | None = None
        self._told = 0.0
        self._encoder = msgspec.json.Encoder()

    def take(self) -> None:
        """Have it to oneself.

        Raises:
            StateFileError: Another cluster has it, or no file can be written there.
        """
        try:
            place = self._path.with_name(f".{self._path.name}.lock")
            self._lock = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if not self._path.parent.is_dir():
                raise StateFileError(
                    f"cannot keep a state in {self._path}: there is no folder "
                    f"{self._path.parent}; make it, or name another file."
                ) from error
            raise StateFileError(
                f"cannot keep a state in {self._path} ({error.strerror}); name another file."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateFileError(
                f"another demo cluster has {self._path}; end it, or name another file."
            ) from error

    def begin(self, head: Head, storage: Storage, told: float) -> None:
        """Write everything, and from now on every write."""
        self._head, self._told = head, told
        self._rewrite(storage)
        storage.subscribe(lambda event: self._note(event, storage))

    def tell(self, seconds: float) -> None:
        """The story has come so far."""
        self._told = seconds
        if self._descriptor >= 0:
            self._append(_Line(told=seconds))

    def close(self, storage: Storage) -> None:
        """Write everything for the next start, and let the file go."""
        if self._descriptor >= 0:
            self._rewrite(storage)
            os.close(self._descriptor)
            self._descriptor = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _note(self, event: StorageEvent, storage: Storage) -> None:
        if self._descriptor < 0:
            return
        if event.type == "DELETED":
            self._append(_Line(event.resource_version, gone=_identity(event.obj)))
        else:
            self._append(_Line(event.resource_version, put=event.obj))
        if self._size > self._limit:
            self._rewrite(storage)

    def _append(self, line: _Line) -> None:
        data = memoryview(self._encoder.encode(line) + b"\n")
        while data:
            written = os.write(self._descriptor, data)
            self._size += written
            data = data[written:]

    def _rewrite(self, storage: Storage) -> None:
        """The whole file in one step: readers see the old one or the new one."""
        assert self._head is not None
        temporary = self._path.with_name(f".{self._path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        before, self._descriptor = self._descriptor, os.open(temporary, flags, 0o600)
        self._size = os.write(self._descriptor, self._encoder.encode(self._head) + b"\n")
        for _, obj in storage.everything():
            self._append(_Line(int(obj["metadata"]["resourceVersion"]), put=obj))
        self._append(_Line(storage.resource_version, told=self._told))
        os.fsync(self._descriptor)
        temporary.replace(self._path)
        self._limit = 3 * self._size + _SPARE
        if before >= 0:
            with contextlib.suppress(OSError):
                os.close(before)
