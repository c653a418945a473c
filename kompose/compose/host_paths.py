"""Paths of the host, as a compose file writes them."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any

_REMOTE_CONTEXTS = ("https://", "http://", "git://", "ssh://", "github.com/", "git@")
_REMOTE_MARK = "://"


def absolute_from(directory: str) -> Callable[[str], str]:
    """Joins a path to ``directory``; ``~`` is the user's home.

    One that is absolute already, or empty, stays as it is written.
    """

    def absolute(path: str) -> str:
        if path.startswith("~"):
            return clean_path(f"{Path.home()}/{path[1:]}")
        if not path or path.startswith("/"):
            return path
        return clean_path(f"{directory}/{path}")

    return absolute


def real_path(path: str) -> str:
    """An absolute path with its first symbolic link followed."""
    way = [*reversed(Path(path).parents), Path(path)]
    link = next((str(step) for step in way if step.is_symlink()), "")
    return path.replace(link, os.path.realpath(link), 1) if link else path


def with_path(value: Any, key: str, absolute: Callable[[str], str]) -> Any:
    """The mapping with one path in it made absolute, unless it is one of Windows."""
    path = value.get(key) if isinstance(value, dict) else None
    if not isinstance(path, str) or is_windows_path(path):
        return value
    return {**value, key: absolute(path)}


def clean_path(path: str) -> str:
    """The path without detours; an empty one stays empty."""
    if not path:
        return ""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def is_remote_context(context: str) -> bool:
    """Whether a build context is somewhere else than on this host."""
    return context.startswith(_REMOTE_CONTEXTS) or _REMOTE_MARK in context


def is_windows_path(path: str) -> bool:
    r"""Whether a path is absolute in the manner of Windows: ``c:\x`` or ``\\server``."""
    if path.startswith("\\\\"):
        return True
    return len(path) > 2 and path[0].isalpha() and path[1] == ":" and path[2] in "\\/"
