"""A mount read once more as text, as the original does: name, host path, target. Pure."""

from typing import NamedTuple

from kompose.compose.keys.volumes import Mount

_MODES = frozenset({"ro", "rw", "z", "Z"})


class ParsedMount(NamedTuple):
    """What a mount says about volumes of a pod."""

    name: str
    """Of a volume of the project; empty for a path of the host or for nothing."""
    host: str
    """A path of this machine; empty without one."""
    target: str
    is_read_only: bool = False
    kind: str = "volume"
    """`bind`, `volume`, `tmpfs`, ...: the kind that compose says."""


def parse_mount(mount: Mount) -> ParsedMount | None:
    """The mount, or None when the original cannot read it."""
    text = f"{mount.source}:{mount.target}" if mount.target else mount.source
    text += ":ro" if mount.is_read_only else ""
    parts = _windows_parts(text) if "\\" in text else _parts(text)
    if parts is None:
        return None
    name, host, target, mode = parts
    return ParsedMount(name, host, target, mode == "ro", mount.kind)


def _parts(text: str) -> tuple[str, str, str, str] | None:
    """Name, host, target and mode."""
    fields = text.split(":")
    name = "" if _is_path(fields[0]) else fields.pop(0)
    if not fields:
        return None
    mode = fields.pop() if fields[-1] in _MODES else ""
    if not fields or len(fields) > 2:
        return None
    *hosts, target = fields
    host = hosts[0] if hosts else ""
    if not _is_path(target) or (host and not _is_path(host)):
        return None
    return name, host, target, mode


def _windows_parts(text: str) -> tuple[str, str, str, str] | None:
    fields = text.split(":")
    paths: list[str] = []
    words: list[str] = []
    for field in fields:
        if "\\" in field:
            if not words or len(words[-1]) != 1:
                return None
            paths.append(f"{words.pop()}:{field}")
        elif _is_path(field):
            paths.append(field)
        else:
            words.append(field)
    if len(words) > 2 or not 1 <= len(paths) <= 2:
        return None
    name = mode = ""
    if len(words) == 2:
        name, mode = words
    elif words and words[0] == fields[0]:
        name = words[0]
    elif words and words[0] == fields[-1]:
        mode = words[0]
    *hosts, target = paths
    return name, hosts[0] if hosts else "", target, mode


def _is_path(text: str) -> bool:
    return "/" in text or text == "."
