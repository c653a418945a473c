"""Volumes of pods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    duplicate,
    forbidden,
    invalid,
    invalid_for,
    required,
    unsupported,
)

_NEEDED = {
    "hostPath": "path",
    "secret": "secretName",
    "configMap": "name",
    "persistentVolumeClaim": "claimName",
    "nfs": "server",
    "csi": "driver",
}
"""What a source of volumes cannot do without."""
_HOST_PATHS = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)


def volumes_causes(volumes: list[Obj], path: str) -> tuple[set[str | None], list[Cause]]:
    """The names that containers can mount, and what is wrong with the volumes."""
    names: set[str | None] = set()
    causes: list[Cause] = []
    for index, volume in enumerate(volumes):
        where, name = f"{path}[{index}]", volume.get("name", "")
        wrong = list(_source(volume, where))
        wrong += invalid_for(f"{where}.name", name, formats.label(name)) if name else []
        wrong += [] if name else [required(f"{where}.name")]
        if name in names:
            wrong.append(duplicate(f"{where}.name", name))
        if not wrong:
            names.add(name)
        causes += wrong
    return names, causes


def _source(volume: Obj, path: str) -> Iterator[Cause]:
    sources = [name for name in volume if name != "name" and volume[name] is not None]
    for number, name in enumerate(sources):
        if number:
            yield forbidden(f"{path}.{name}", "may not specify more than 1 volume type")
            continue
        source = volume[name]
        needed = _NEEDED.get(name)
        if needed and isinstance(source, dict) and not source.get(needed):
            yield required(f"{path}.{name}.{needed}")
        if name == "hostPath" and source.get("path"):
            yield from _host_path(source, f"{path}.hostPath")
        if name in ("secret", "configMap", "projected"):
            yield from _mode(source.get("defaultMode"), f"{path}.{name}.defaultMode")
            yield from _items(source.get("items") or (), f"{path}.{name}.items")
    if not sources:
        yield required(path, "must specify a volume type")


def _host_path(source: Obj, path: str) -> Iterator[Cause]:
    if ".." in source["path"].split("/"):
        yield invalid(f"{path}.path", source["path"], "must not contain '..'")
    kind = source.get("type") or ""
    if kind not in _HOST_PATHS:
        yield unsupported(f"{path}.type", kind, _HOST_PATHS)


def _mode(mode: int | None, path: str) -> Iterator[Cause]:
    if mode is not None and not 0 <= mode <= 0o777:
        why = "must be a number between 0 and 0777 (octal), both inclusive"
        yield invalid(path, mode, why)


def _items(items: Sequence[Obj], path: str) -> Iterator[Cause]:
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        if not item.get("key"):
            yield required(f"{where}.key")
        if not item.get("path"):
            yield required(f"{where}.path")
        else:
            yield from local_path(item["path"], f"{where}.path")
        if item.get("mode") is not None and not 0 <= item["mode"] <= 0o777:
            why = "must be a number between 0 and 0777 (octal), both inclusive"
            yield invalid(f"{where}.mode", item["mode"], why)


def local_path(text: str, path: str) -> Iterator[Cause]:
    """A path that stays below where it begins."""
    if text.startswith("/"):
        yield invalid(path, text, "must be a relative path")
    if ".." in text.split("/"):
        yield invalid(path, text, "must not contain '..'")
