"""``volumes``: what a container sees of volumes, of the host and of memory.

The short syntax is ``[source:]target[:options]``, Windows drives included.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from kompose.compose import form
from kompose.compose.decode import denial, size, unsigned
from kompose.compose.entry_keys import indexed
from kompose.compose.form import Form, list_of, optional, record
from kompose.compose.host_paths import clean_path, with_path
from kompose.compose.key import Absolute, Key
from kompose.compose.key_path import KeyPath, PathError
from kompose.compose.shape import either, one_of_kinds, whole_number
from kompose.compose.values import FLAG, PAIRS, TEXT, words

_SHORTEST = 3
_PROPAGATIONS = frozenset({"rprivate", "private", "rshared", "shared", "rslave", "slave"})


class Mount(NamedTuple):
    """A volume or a path of the host inside a container."""

    kind: str
    """`bind`, `volume`, `tmpfs`, ...: the kind that compose says."""
    source: str
    target: str
    is_read_only: bool = False


def parse_volume(spec: str) -> dict[str, Any]:
    """The long form of a volume's short form.

    Raises:
        ValueError: It is no volume; the message is the original's.
    """
    if not spec:
        raise ValueError("invalid empty volume spec")
    if len(spec.encode(errors="surrogatepass")) < _SHORTEST:
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
        _bind(volume)["create_host_path"] = True
    else:
        volume["type"] = "volume"
        volume.setdefault("volume", {})
    return volume


def _fields(spec: str) -> list[str]:
    """The parts between colons; those of a drive letter or inside ``${}`` separate nothing."""
    fields: list[str] = []
    field = ""
    depth = 0
    for character, following in zip(spec, f"{spec[1:]} ", strict=True):
        depth += character == "$" and following == "{"
        depth -= character == "}" and depth > 0
        if character != ":" or depth or _is_drive(field):
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
                _bind(volume)["selinux"] = option
            case _ if option in _PROPAGATIONS:
                _bind(volume)["propagation"] = option


def _bind(volume: dict[str, Any]) -> dict[str, Any]:
    bind: dict[str, Any] = volume.setdefault("bind", {"create_host_path": False})
    return bind


def _is_local_path(source: str) -> bool:
    """Whether a source is a path of the host, and not a volume's name."""
    if source.startswith((".", "/", "~", "\\\\")):
        return True
    return len(source) > 1 and source[0].isalpha() and source[1] == ":"


def _mount(tree: dict[str, Any]) -> Mount:
    return Mount(
        kind=tree.get("type") or "volume",
        source=tree.get("source") or "",
        target=tree.get("target") or "",
        is_read_only=bool(tree.get("read_only")),
    )


def _read(value: list[dict[str, Any]] | None) -> tuple[Mount, ...]:
    return tuple(map(_mount, value or ()))


def _long(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [_long_volume(entry) if isinstance(entry, str) else entry for entry in value]


def _long_volume(entry: str) -> dict[str, Any]:
    volume = parse_volume(entry)
    return {**volume, "target": clean_path(volume["target"])}


def _target(entry: Any, path: KeyPath) -> str:
    if isinstance(entry, str):
        try:
            return str(parse_volume(entry).get("target", ""))
        except ValueError as error:
            raise PathError(str(error), path) from None
    if not isinstance(entry, dict):
        return repr(entry)
    target = entry.get("target")
    if not isinstance(target, str):
        raise PathError(f"service volume {indexed(path)} is missing a mount target", path)
    return target


def _resolved(entries: Any, absolute: Absolute) -> Any:
    return [_resolved_mount(entry, absolute) for entry in entries]


def _resolved_mount(mount: Any, absolute: Absolute) -> Any:
    if not isinstance(mount, dict) or mount.get("type") != "bind":
        return mount
    return with_path(mount, "source", absolute)


_BIND = record(
    {
        "selinux": words("z", "Z"),
        "propagation": TEXT,
        "create_host_path": FLAG._replace(decode=denial),
        "recursive": words("enabled", "disabled", "writable", "readonly"),
    }
)
_MEMORY = record(
    {
        "size": Form(either(whole_number(0), TEXT.shape), size),
        "mode": Form(one_of_kinds("number", "string"), unsigned(32)),
    }
)
_LONG_VOLUME = record(
    {
        "type": words("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
        **dict.fromkeys(("source", "target"), TEXT),
        "read_only": FLAG,
        "consistency": TEXT,
        "bind": optional(_BIND),
        "volume": optional(record({"labels": PAIRS, "nocopy": FLAG, "subpath": TEXT})),
        "tmpfs": optional(_MEMORY),
        "image": optional(record({"subpath": TEXT})),
    },
    required=("type",),
)
VOLUMES = Key(
    "volumes",
    list_of(form.either(TEXT.shape, _LONG_VOLUME))._replace(entry_key=_target),
    read=_read,
    long=_long,
    resolved=_resolved,
)
