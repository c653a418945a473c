"""A cluster's objects in a file, so that the next start goes on where the last one ended."""

from __future__ import annotations

from pathlib import Path

import msgspec

from demo_cluster.custom_kinds import DEFINITIONS
from demo_cluster.kinds import Kind, KindRegistry, Obj
from demo_cluster.kubeconfig_file import write_private
from demo_cluster.storage import Storage

_FORMAT = "demo-cluster/1"


class StateFileError(ValueError):
    """The file is none that a demo cluster wrote."""


def save_state(storage: Storage, path: Path) -> None:
    """Write every object; readers see the old file or the whole new one."""
    content = {
        "format": _FORMAT,
        "resourceVersion": storage.resource_version,
        "objects": [obj for _, obj in storage.everything()],
    }
    write_private(path, msgspec.json.encode(content).decode())


def read_state(path: Path) -> tuple[int, list[Obj]]:
    """The version at which the file was written, and its objects.

    Raises:
        StateFileError: It is no state file.
        OSError: It cannot be read.
    """
    try:
        content = msgspec.json.decode(path.read_bytes())
        if content["format"] != _FORMAT:
            raise StateFileError(f"{path} was written by another version of the demo cluster.")
        return int(content["resourceVersion"]), list(content["objects"])
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise StateFileError(
            f"{path} is not a state file of the demo cluster. Remove it to start afresh."
        ) from error


def restore_state(
    storage: Storage, registry: KindRegistry, version: int, objects: list[Obj]
) -> None:
    """Store the objects as they were; definitions come first, so that their kinds are known."""
    storage.resume_at(version)
    definitions = [obj for obj in objects if obj.get("kind") == DEFINITIONS.kind]
    for obj in definitions:
        storage.restore(DEFINITIONS, obj)
    for obj in objects:
        kind = _kind_of(registry, obj)
        if kind is not None and kind.storage_key != DEFINITIONS.storage_key:
            storage.restore(kind, obj)


def _kind_of(registry: KindRegistry, obj: Obj) -> Kind | None:
    return registry.by_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
