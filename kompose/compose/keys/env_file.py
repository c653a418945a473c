"""``env_file`` and ``label_file``: files with variables or labels for a service."""

from __future__ import annotations

from typing import Any, NamedTuple

from kompose.compose.casts import to_boolean
from kompose.compose.decode import denial
from kompose.compose.entry_keys import indexed
from kompose.compose.form import Form, either, list_of, record
from kompose.compose.key import Absolute, Key, unread
from kompose.compose.key_path import KeyPath, PathError
from kompose.compose.merging import add_up
from kompose.compose.scalars import scalar_text
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import FILES, TEXT


class EnvFile(NamedTuple):
    """A file with variables for a service."""

    path: str
    is_required: bool = True


def _read(value: list[dict[str, Any]] | None) -> tuple[EnvFile, ...]:
    return tuple(EnvFile(entry["path"], entry.get("required", True)) for entry in value or ())


def _long(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [
        {"path": entry, "required": True}
        if isinstance(entry, str)
        else {"required": True, **entry}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]


def _path_key(entry: Any, path: KeyPath) -> str:
    if isinstance(entry, dict):
        if "path" not in entry:
            raise PathError(f"environment path attribute {indexed(path)} is missing", path)
        return scalar_text(entry["path"])
    return scalar_text(entry)


def _resolved(entries: Any, absolute: Absolute) -> Any:
    if not isinstance(entries, list):
        return entries
    return [
        {**entry, "path": absolute(str(entry.get("path", "")))}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]


def _long_files(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _resolved_files(files: Any, absolute: Absolute) -> Any:
    if not isinstance(files, list):
        return files
    return [absolute(path) if isinstance(path, str) else path for path in files]


_ENTRY = record(
    {
        "path": TEXT,
        "required": Form(
            one_of_kinds("boolean", "string"),
            denial,
            cast=to_boolean,
        ),
        "format": TEXT,
    },
    required=("path",),
    free=None,
)
ENV_FILE = Key(
    "env_file",
    either(TEXT.shape, list_of(either(TEXT.shape, _ENTRY)))._replace(
        merge=add_up, entry_key=_path_key
    ),
    read=_read,
    long=_long,
    resolved=_resolved,
)
LABEL_FILE = Key(
    "label_file",
    FILES._replace(merge=add_up),
    read=unread,
    long=_long_files,
    resolved=_resolved_files,
)
