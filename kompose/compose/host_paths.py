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
    """Joins a path to ``directory``; ``~`` is the user's home."""

    def absolute(path: str) -> str:
        if path.startswith("~"):
            return os.path.normpath(f"{Path.home()}/{path[1:]}")
        if path.startswith("/"):
            return os.path.normpath(path)
        return os.path.normpath(f"{directory}/{path}")

    return absolute


def with_path(value: Any, key: str, absolute: Callable[[str], str]) -> Any:
    """The mapping with one path in it made absolute."""
    path = value.get(key) if isinstance(value, dict) else None
    return {**value, key: absolute(path)} if isinstance(path, str) and path else value


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
