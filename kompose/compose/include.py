"""Other compose files taken in, each with a directory and variables of its own."""

from __future__ import annotations

import os.path
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kompose.compose.key_path import PathError, told_at
from kompose.compose.merge import merge_trees
from kompose.compose.scalars import scalar_text
from kompose.errors import ComposeError

_DEEPEST = 50
_SECTIONS = ("services", "volumes", "networks", "secrets", "configs", "models")


class Inclusion(NamedTuple):
    """One entry of ``include``, its paths absolute."""

    files: tuple[str, ...]
    directory: str
    """Where its own inclusions and its ``.env`` are sought."""
    base: str
    """Where its relative paths begin: the same, or its parent when there is no such directory."""
    env_files: tuple[str, ...]


def inclusions(tree: dict[str, Any], directory: str) -> list[Inclusion]:
    """What a tree includes, seen from the directory of its project.

    Raises:
        ComposeError: An entry is malformed, or an environment file is missing.
    """
    entries = tree.get("include")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise PathError(f"`include` must be a list, got {scalar_text(entries)}", ("include",))
    found: list[Inclusion] = []
    for index, entry in enumerate(entries):
        with told_at(("include", index)):
            found.append(_inclusion(entry, directory, index))
    return found


def _inclusion(entry: Any, directory: str, index: int) -> Inclusion:
    long = {"path": entry} if isinstance(entry, str) else entry
    if not isinstance(long, dict) or not long.get("path"):
        raise PathError(f"include.{index} has no path", ("include", index))
    files = tuple(str(Path(directory, path)) for path in _texts(long["path"]))
    files = tuple(_clean(file) for file in files)
    project = long.get("project_directory")
    if not project:
        own = str(Path(files[0]).parent)
        return Inclusion(files, own, own, _env_files(long.get("env_file"), own, directory))
    own = _clean(str(Path(directory, scalar_text(project))))
    base = own if Path(own).is_dir() else str(Path(own).parent)
    return Inclusion(files, own, base, _env_files(long.get("env_file"), own, directory))


def _clean(path: str) -> str:
    return os.path.normpath(path)


def _texts(value: Any) -> list[str]:
    return [scalar_text(item) for item in (value if isinstance(value, list) else [value])]


def _env_files(value: Any, own: str, directory: str) -> tuple[str, ...]:
    """The files named, or the ``.env`` beside the included file when there is one."""
    if not value:
        default = Path(own, ".env")
        return (str(default),) if default.is_file() else ()
    return tuple(_env_file(name, directory) for name in _texts(value) if name != "/dev/null")


def _env_file(name: str, directory: str) -> str:
    path = Path(_clean(str(Path(directory, name))))
    is_absolute = name.startswith("/")
    if not path.exists():
        missing = "couldn't find env file: " if is_absolute else "stat "
        reason = "" if is_absolute else ": no such file or directory"
        raise ComposeError(f"{missing}{path}{reason}")
    if path.is_dir():
        raise ComposeError(f"{path} {'is a directory' if is_absolute else 'is not a file'}")
    return str(path)


def check_circle(main: str, seen: tuple[str, ...]) -> None:
    """Refuses a file that includes itself, however long the way round.

    Raises:
        ComposeError: With the whole way.
    """
    if len(seen) > _DEEPEST:
        raise ComposeError(f"{main} is included through more than {_DEEPEST} files")
    if main in seen:
        steps = "\n include ".join((*seen, main))
        raise ComposeError(f"include cycle detected:\n{steps}")


def take_in(
    tree: dict[str, Any],
    imported: dict[str, Any],
    reset: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """The tree with the imported resources; its own definitions go over those of the same name."""
    result = dict(tree)
    for section in _SECTIONS:
        resources = imported.get(section)
        if not resources:
            continue
        own = dict(result.get(section) or {})
        for name, resource in resources.items():
            own[name] = _over(section, name, resource, own, reset)
        result[section] = own
    return result


def _over(
    section: str,
    name: str,
    resource: Any,
    own: dict[str, Any],
    reset: Callable[[dict[str, Any]], dict[str, Any]],
) -> Any:
    if name not in own or own[name] == resource:
        return resource
    base = reset({section: {name: resource}})
    return merge_trees(base, {section: {name: own[name]}})[section][name]
