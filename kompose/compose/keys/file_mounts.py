"""``configs`` and ``secrets``: files of the project that a service sees."""

from __future__ import annotations

from typing import Any, NamedTuple

from kompose.compose.entry_keys import EntryKey, unsupported
from kompose.compose.form import Form, either, list_of, record
from kompose.compose.key import Key
from kompose.compose.key_path import KeyPath
from kompose.compose.scalars import scalar_text
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import FILE_MODE, TEXT

_SECRETS_DIRECTORY = "/run/secrets"


class FileReference(NamedTuple):
    """A secret or config that a service uses, and where it wants to see it."""

    source: str
    target: str = ""
    uid: str = ""
    gid: str = ""
    mode: int | None = None


def _file_reference(tree: dict[str, Any]) -> FileReference:
    mode = tree.get("mode")
    return FileReference(
        source=tree["source"],
        target=tree.get("target") or "",
        uid=tree.get("uid") or "",
        gid=tree.get("gid") or "",
        mode=int(mode, 8) if isinstance(mode, str) else mode,
    )


def _read(value: list[dict[str, Any]] | None) -> tuple[FileReference, ...]:
    return tuple(map(_file_reference, value or ()))


def long_file_mounts(value: Any) -> Any:
    """The long syntax of a list of names."""
    if not isinstance(value, list):
        return value
    return [{"source": entry} if isinstance(entry, str) else entry for entry in value]


def with_secret_targets(secrets: Any) -> Any:
    """Secrets that say where they are seen."""
    return [
        {**secret, "target": f"{_SECRETS_DIRECTORY}/{secret['source']}"}
        if isinstance(secret, dict) and "target" not in secret and "source" in secret
        else secret
        for secret in secrets
    ]


def _target_key(default_directory: str) -> EntryKey:
    def key_of(entry: Any, path: KeyPath) -> str:
        if not isinstance(entry, dict):
            if not isinstance(entry, str):
                raise unsupported(entry, path)
            return f"{default_directory}/{entry}"
        target = entry.get("target")
        source = scalar_text(entry.get("source", ""))
        return scalar_text(target) if target is not None else f"{default_directory}/{source}"

    return key_of


_MOUNT = record({**dict.fromkeys(("source", "target", "uid", "gid"), TEXT), "mode": FILE_MODE})
FILE_MOUNTS: Form = list_of(either(one_of_kinds("string"), _MOUNT))

CONFIGS = Key(
    "configs",
    FILE_MOUNTS._replace(entry_key=_target_key("")),
    read=_read,
    long=long_file_mounts,
)
SECRETS = Key(
    "secrets",
    FILE_MOUNTS._replace(entry_key=_target_key(_SECRETS_DIRECTORY)),
    read=_read,
    long=long_file_mounts,
    with_defaults=with_secret_targets,
)
