"""The files that manifests embed: the only reads of the middle, each for one object."""

import base64
import os
import re
import stat
from enum import Enum, auto
from pathlib import Path
from typing import Any

from kompose.file_content import read_file
from kompose.manifests.fields import fields, metadata
from kompose.report import ConvertError, Report

_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_LARGEST_CONFIG = 1 << 20
_LOOKED_AT = 1024
_LONGEST_CHARACTER = 4
"""Bytes."""


class SourceKind(Enum):
    """What stands behind the source of a mount."""

    SKIPPED = auto()
    """Nothing that a cluster could have."""
    CONFIG = auto()
    """A file or a directory of files: its content travels in a ConfigMap."""
    OTHER = auto()


def inspect_source(host: str, target: str, report: Report) -> SourceKind:
    """What stands behind a path on this machine, or behind no path at all."""
    path = host or f":{target}"
    if path.endswith(".sock"):
        return SourceKind.SKIPPED
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - half the time of Path
    except (OSError, ValueError) as error:
        report.warn(
            "File don't exist or failed to check if the directory is empty: "
            f"stat {path}: {_reason(error)}"
        )
        return SourceKind.OTHER
    if stat.S_ISREG(mode):
        return SourceKind.CONFIG
    try:
        return SourceKind.OTHER if _is_empty(path) else SourceKind.CONFIG
    except OSError as error:
        # A socket, pipe or device too: reading it would wait for ever.
        report.warn(
            f"Failed to check if the directory is empty: open {error.filename}: {_reason(error)}"
        )
        return SourceKind.SKIPPED


def _is_empty(path: str) -> bool:
    """Whether a directory has no files at its top.

    The original looks for a directory in it beside the current one, not below its parent.
    """
    with os.scandir(path) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            return False
        _is_empty(entry.name)
    return True


def _reason(error: OSError | ValueError) -> str:
    """What the system says, in its own words."""
    words = error.strerror if isinstance(error, OSError) else None
    return words.lower() if words else "invalid argument"


def config_map_of_path(
    path: str, name: str, owner: str, *, mends: bool = False
) -> tuple[dict[str, Any], str]:
    """A ConfigMap of a file or a directory's files, and its key if it is a file."""
    place = Path(path)
    if place.is_dir():
        content = {file.name: _read(file) for file in _files_of(place)}
        return config_map(name, owner, content, mends=mends), ""
    marks = {"use-subpath": "true"}
    made = config_map(name, owner, {place.name: _read(place)}, marks, mends=mends)
    return made, place.name


def is_config_key(text: str) -> bool:
    """Whether a ConfigMap may have something called so."""
    return bool(_CONFIG_KEY.fullmatch(text))


def config_fault(path: str) -> str:
    """Why no ConfigMap could hold a file or a directory's files; empty when one could."""
    files = _files_of(Path(path))
    for file in files:
        if not is_config_key(file.name):
            return f"has a file named {file.name!r}, which is no key of a ConfigMap"
    if sum(file.stat().st_size for file in files) > _LARGEST_CONFIG:
        return "holds more than 1 MiB, which is too much for a ConfigMap"
    return ""


def _files_of(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    return sorted(entry for entry in place.iterdir() if not _is_directory(entry))


def _is_directory(place: Path) -> bool:
    """Whether it is itself one; a link to one is not."""
    return place.is_dir() and not place.is_symlink()


def config_map(
    name: str,
    owner: str,
    content: dict[str, bytes],
    annotations: dict[str, str] | None = None,
    *,
    mends: bool = False,
) -> dict[str, Any]:
    """A ConfigMap that holds the content as text where it is text.

    A byte in it that belongs to no character is there as a surrogate.

    Other content is encoded twice, as the original does: a pod sees base64 text, not the bytes.
    With `mends` it is encoded once.
    """
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key in sorted(content):
        raw = content[key]
        text = raw.replace(b"\r\n", b"\n")
        if _is_binary(raw) if mends else not _looks_like_text(text):
            encoded = raw if mends else base64.b64encode(raw)
            binary[key] = base64.b64encode(encoded).decode()
        else:
            data[key] = text.decode(errors="surrogateescape")
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": metadata(name, labels={"io.kompose.service": owner}, annotations=annotations),
        **fields(data=data, binaryData=binary),
    }


def _is_binary(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


def _looks_like_text(content: bytes) -> bool:
    """Whether the beginning is text as the original sees it: its last bytes do not count."""
    head = content[:_LOOKED_AT]
    last = len(head) - _LONGEST_CHARACTER
    place = 0
    for character in head.decode(errors="surrogateescape"):
        if place > last:
            break
        is_stray = character == "\ufffd" or "\udc80" <= character <= "\udcff"
        if is_stray or (character < " " and character not in "\n\t\f"):
            return False
        place += 1 if character < "\x80" else len(character.encode())
    return True


def read_config(path: str) -> bytes:
    """The content of a config.

    Raises:
        ConvertError: It cannot be read.
    """
    return _read(Path(path))


def read_secret(path: str) -> bytes:
    """The content of a secret.

    Raises:
        ConvertError: It cannot be read.
    """
    try:
        return read_file(path)
    except OSError as error:
        raise ConvertError(f"unable to read secret from file: {path}") from error


def _read(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        raise ConvertError(
            f"Unable to retrieve file: Unable to read file: {verb} {path}: {_reason(error)}"
        ) from error
