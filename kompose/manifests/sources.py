"""The files that manifests embed: the only reads of the middle, each for one object."""

import base64
import os
import re
from enum import Enum, auto
from pathlib import Path
from typing import Any

from kompose.manifests.fields import fields, metadata
from kompose.report import ConvertError, Report

_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_LARGEST_CONFIG = 1 << 20


class SourceKind(Enum):
    """What stands behind the source of a mount."""

    SKIPPED = auto()
    """Nothing that a cluster could have."""
    CONFIG = auto()
    """A file or a directory of files: its content travels in a ConfigMap."""
    OTHER = auto()


def inspect_source(path: str, report: Report) -> SourceKind:
    """What stands behind a path on this machine."""
    if not path or path.endswith(".sock"):
        return _skipped(path, report)
    if path.startswith(":") or not os.path.exists(path):  # noqa: PTH110 - half the time of Path
        report.warn(
            "File don't exist or failed to check if the directory is empty: "
            f"stat {path}: no such file or directory"
        )
        return SourceKind.OTHER
    place = Path(path)
    if place.is_file():
        return SourceKind.CONFIG
    if not place.is_dir():
        # A socket, pipe or device: reading it would wait for ever.
        return _skipped(path, report)
    return _inspect_directory(place, report)


def _inspect_directory(place: Path, report: Report) -> SourceKind:
    try:
        entries = sorted(place.iterdir())
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        report.warn(f"Failed to check if the directory is empty: open {place}: {words}")
        return _skipped(str(place), report)
    if any(not entry.is_dir() for entry in entries):
        return SourceKind.CONFIG
    for entry in entries:
        # The original looks for the directory beside the current one, not beside its parent.
        if not Path(entry.name).exists():
            report.warn(
                "Failed to check if the directory is empty: "
                f"open {entry.name}: no such file or directory"
            )
            return _skipped(str(place), report)
    return SourceKind.OTHER


def _skipped(path: str, report: Report) -> SourceKind:
    report.warn(f"Skip file in path {path} ")
    return SourceKind.SKIPPED


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


def config_fault(path: str) -> str:
    """Why no ConfigMap could hold a file or a directory's files; empty when one could."""
    files = _files_of(Path(path))
    for file in files:
        if not _CONFIG_KEY.fullmatch(file.name):
            return f"has a file named {file.name!r}, which is no key of a ConfigMap"
    if sum(file.stat().st_size for file in files) > _LARGEST_CONFIG:
        return "holds more than 1 MiB, which is too much for a ConfigMap"
    return ""


def _files_of(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    return sorted(entry for entry in place.iterdir() if entry.is_file())


def config_map(
    name: str,
    owner: str,
    content: dict[str, bytes],
    annotations: dict[str, str] | None = None,
    *,
    mends: bool = False,
) -> dict[str, Any]:
    """A ConfigMap that holds the content as text where it is text.

    Other content is encoded twice, as the original does: a pod sees base64 text, not the bytes.
    With `mends` it is encoded once.
    """
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key in sorted(content):
        raw = content[key].replace(b"\r\n", b"\n")
        try:
            data[key] = raw.decode()
        except UnicodeDecodeError:
            content_bytes = content[key] if mends else base64.b64encode(raw)
            binary[key] = base64.b64encode(content_bytes).decode()
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": metadata(name, labels={"io.kompose.service": owner}, annotations=annotations),
        **fields(data=data, binaryData=binary),
    }


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
        return Path(path).read_bytes()
    except OSError as error:
        raise ConvertError(f"unable to read secret from file: {path}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        raise ConvertError(
            f"Unable to retrieve file: Unable to read file: open {path}: {words}"
        ) from error
