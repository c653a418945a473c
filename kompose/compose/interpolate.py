"""Variables in the values of a tree, and what text becomes where a number or a truth is due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kompose.compose.compose_file import COMPOSE_FILE
from kompose.compose.form import CastOrTable
from kompose.compose.key_path import Faults, KeyPath, PathError
from kompose.compose.template import (
    InvalidTemplateError,
    Lookup,
    MissingVariableError,
    substitute,
)
from kompose.suspicion import shown_lines, shown_value

WarnAt = Callable[[str, KeyPath], None]
"""Hears a warning and the path of the value it is about."""


def non_string_key(value: Any, path: str = "") -> str | None:
    """What is wrong when some mapping has a key that is not text, or None."""
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                place = f"in {path}" if path else "at top level"
                return f"non-string key {place}: {_key_text(key)}"
            found = non_string_key(child, f"{path}.{key}" if path else key)
            if found:
                return found
    elif isinstance(value, list):
        for index, child in enumerate(value):
            found = non_string_key(child, f"{path}[{index}]")
            if found:
                return found
    return None


def _shown(path: KeyPath, text: str) -> str:
    """The text of a value as a message may quote it; `NAME=value` is a value with a name."""
    return shown_lines(shown_value(str(path[-1]) if path else "", text))


def _key_text(key: object) -> str:
    if key is None:
        return "<nil>"
    return str(key).lower() if isinstance(key, bool) else str(key)


def interpolate(
    tree: dict[str, Any], lookup: Lookup, warn: WarnAt, *, has_variables: bool = True
) -> dict[str, Any]:
    """A tree with every variable replaced and every text cast that must not stay text.

    Without variables only the places of the table are visited.

    Raises:
        ComposeError: A variable is missing or malformed, or a text cannot be cast.
    """
    walk = _Interpolation(lookup, warn, has_variables=has_variables)
    result = walk.mapping(tree, (), COMPOSE_FILE.cast)
    walk.faults.tell()
    return result


class _Interpolation:
    """One walk over one tree."""

    def __init__(self, lookup: Lookup, warn: WarnAt, *, has_variables: bool) -> None:
        self._has_variables = has_variables
        self._lookup = lookup
        self._warn = warn
        self.faults = Faults()

    def mapping(self, tree: dict[str, Any], path: KeyPath, casts: Any) -> dict[str, Any]:
        """A new mapping; ``casts`` is what the table has for this place."""
        result: dict[str, Any] = {}
        for key, value in tree.items():
            cast = (casts.get(key) or casts.get("*")) if casts else None
            if value.__class__ is str:
                is_plain = cast is None and "$" not in value
                result[key] = value if is_plain else self._text(value, (*path, key), cast)
            elif value.__class__ is dict or value.__class__ is list:
                result[key] = self._collection(value, (*path, key), cast)
            else:
                result[key] = value
        return result

    def _collection(self, value: Any, path: KeyPath, casts: Any) -> Any:
        """A new mapping or list."""
        branch = casts.table if isinstance(casts, CastOrTable) else casts
        branch = branch if branch.__class__ is dict else None
        if branch is None and not self._has_variables:
            return value
        if value.__class__ is dict:
            return self.mapping(value, path, branch)
        inner = branch.get("[]") if branch else None
        return [
            self._text(child, (*path, index), inner)
            if child.__class__ is str
            else self._collection(child, (*path, index), inner)
            if isinstance(child, dict | list)
            else child
            for index, child in enumerate(value)
        ]

    def _text(self, text: str, path: KeyPath, cast: Any) -> Any:
        with self.faults:
            return self._replaced(text, path, cast if callable(cast) else None)
        return text

    def _replaced(self, text: str, path: KeyPath, cast: Any) -> Any:
        try:
            if "$" in text:
                text = substitute(text, self._lookup, lambda message: self._warn(message, path))
            if cast is None:
                return text
        except InvalidTemplateError as error:
            raise PathError(
                f"invalid interpolation format for {_dotted(path)}.\n"
                f"You may need to escape any $ with another $.\n{_shown(path, error.template)}",
                path,
            ) from None
        except MissingVariableError as error:
            raise PathError(f"error while interpolating {_dotted(path)}: {error}", path) from None
        try:
            return cast(text, lambda message: self._warn(message, path))
        except ValueError as error:
            raise PathError(
                f"error while interpolating {_dotted(path)}: "
                f"failed to cast to expected type: {error}",
                path,
            ) from None


def _dotted(path: KeyPath) -> str:
    return ".".join("[]" if isinstance(part, int) else part for part in path)
