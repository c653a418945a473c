"""The short syntax of volumes: ``[source:]target[:options]``, Windows drives included."""

from __future__ import annotations

import posixpath
from typing import Any

_PROPAGATIONS = frozenset({"rprivate", "private", "rshared", "shared", "rslave", "slave"})


def clean_path(path: str) -> str:
    """The path without detours; an empty one stays empty."""
    if not path:
        return ""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def parse_volume(spec: str) -> dict[str, Any]:
    """The long form of a volume's short form.

    Raises:
        ValueError: It is no volume; the message is the original's.
    """
    if not spec:
        raise ValueError("invalid empty volume spec")
    if len(spec) < 3:
        return {"type": "volume", "target": spec}
    fields = _fields(spec)
    volume: dict[str, Any] = {}
    if len(fields) == 1:
        volume["target"] = fields[0]
    else:
        volume["source"], volume["target"] = fields[:2]
    for options in fields[2:]:
        _apply_options(volume, options)
    source = volume.get("source", "")
    if _is_local_path(source):
        volume["type"] = "bind"
        volume.setdefault("bind", {}).setdefault("create_host_path", True)
        volume.pop("volume", None)
    else:
        volume["type"] = "volume"
        volume.setdefault("volume", {})
        volume.pop("bind", None)
    return volume


def _fields(spec: str) -> list[str]:
    """The parts between colons; those of a drive letter or inside ``${}`` separate nothing."""
    fields: list[str] = []
    field = ""
    for character in spec:
        if character != ":" or _is_drive(field) or _is_inside_variable(field):
            field += character
            continue
        if not field:
            raise ValueError(f"invalid spec: {spec}: empty section between colons")
        if len(fields) == 2:
            raise ValueError(f"invalid spec: {spec}: too many colons")
        fields.append(field)
        field = ""
    if not field:
        raise ValueError(f"invalid spec: {spec}: empty section between colons")
    if len(fields) > 2:
        raise ValueError(f"invalid spec: {spec}: too many colons")
    fields.append(field)
    return fields


def _is_drive(field: str) -> bool:
    """Whether a colon after ``field`` belongs to a drive letter."""
    return len(field) == 1 and field.isalpha()


def _is_inside_variable(field: str) -> bool:
    opening = field.rfind("${")
    return opening >= 0 and "}" not in field[opening:]


def _apply_options(volume: dict[str, Any], options: str) -> None:
    """Reads ``ro,z,nocopy``; words that nobody knows are left alone."""
    for option in options.split(","):
        match option:
            case "ro":
                volume["read_only"] = True
            case "rw":
                volume.pop("read_only", None)
            case "nocopy":
                volume.setdefault("volume", {})["nocopy"] = True
            case "z" | "Z":
                volume.setdefault("bind", {})["selinux"] = option
            case _ if option in _PROPAGATIONS:
                volume.setdefault("bind", {})["propagation"] = option


def _is_local_path(source: str) -> bool:
    """Whether a source is a path of the host, and not a volume's name."""
    if source.startswith((".", "/", "~", "\\\\")):
        return True
    return len(source) > 1 and source[0].isalpha() and source[1] == ":"


def is_windows_path(path: str) -> bool:
    r"""Whether a path is absolute in the manner of Windows: ``c:\x`` or ``\\server``."""
    if path.startswith("\\\\"):
        return True
    return len(path) > 2 and path[0].isalpha() and path[1] == ":" and path[2] in "\\/"
