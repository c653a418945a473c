"""Variables in the values of a tree, and what text becomes where a number or a truth is due."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kompose.compose.key_path import KeyPath, PathError
from kompose.compose.template import (
    InvalidTemplateError,
    Lookup,
    MissingVariableError,
    substitute,
)

WarnAt = Callable[[str, KeyPath], None]
"""Hears a warning and the path of the value it is about."""

_TRUE = frozenset({"y", "yes", "on"})
_FALSE = frozenset({"n", "no", "off"})
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_MOST_DIGITS = 40
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")


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
    return _Interpolation(lookup, warn, has_variables=has_variables).mapping(tree, (), CASTS)


class _Interpolation:
    """One walk over one tree."""

    def __init__(self, lookup: Lookup, warn: WarnAt, *, has_variables: bool) -> None:
        self._has_variables = has_variables
        self._lookup = lookup
        self._warn = warn

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
        branch = casts.branch if isinstance(casts, _Either) else casts
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
        if not callable(cast):
            cast = None
        try:
            if "$" in text:
                text = substitute(text, self._lookup, lambda message: self._warn(message, path))
            if cast is None:
                return text
        except InvalidTemplateError as error:
            raise PathError(
                f"invalid interpolation format for {_dotted(path)}.\n"
                f"You may need to escape any $ with another $.\n{error.template}",
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


def _to_int(text: str, _warn: Callable[[str], None]) -> int:
    if not _INTEGER.match(text):
        raise ValueError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text) if len(text) <= _MOST_DIGITS else 2**63
    if not -(2**63) <= number < 2**63:
        raise ValueError(f'strconv.Atoi: parsing "{text}": value out of range')
    return number


def _to_int64(text: str, warn: Callable[[str], None]) -> int:
    try:
        return _to_int(text, warn)
    except ValueError as error:
        raise ValueError(str(error).replace("Atoi", "ParseInt")) from None


def _to_float(text: str, _warn: Callable[[str], None]) -> float:
    if not _FLOAT.match(text):
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    return float(text)


def _to_boolean(text: str, warn: Callable[[str], None]) -> bool:
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    if lowered in _TRUE or lowered in _FALSE:
        word = "true" if lowered in _TRUE else "false"
        warn(f'"{text}" for boolean is not supported by YAML 1.2, please use `{word}`')
        return lowered in _TRUE
    raise ValueError(f"invalid boolean: {text}")


class _Either:
    """A cast for text, a branch of the table for a mapping."""

    def __init__(self, cast: Callable[..., Any], branch: dict[str, Any]) -> None:
        self._cast = cast
        self.branch = branch

    def __call__(self, text: str, warn: Callable[[str], None]) -> Any:
        return self._cast(text, warn)


_ULIMITS = {"*": _Either(_to_int, {"hard": _to_int, "soft": _to_int})}
_UPDATE = {"parallelism": _to_int, "max_failure_ratio": _to_float}
_RESOURCE = {"external": _to_boolean}

CASTS: dict[str, Any] = {
    "services": {
        "*": {
            "cpu_count": _to_int64,
            "cpu_percent": _to_float,
            "cpu_period": _to_int64,
            "cpu_quota": _to_int64,
            "cpu_rt_period": _to_int64,
            "cpu_rt_runtime": _to_int64,
            "cpu_shares": _to_int64,
            "cpus": _to_float,
            "init": _to_boolean,
            "depends_on": {"*": {"required": _to_boolean, "restart": _to_boolean}},
            "deploy": {
                "replicas": _to_int,
                "update_config": _UPDATE,
                "rollback_config": _UPDATE,
                "restart_policy": {"max_attempts": _to_int},
                "placement": {"max_replicas_per_node": _to_int},
                "resources": {"limits": {"pids": _to_int}},
            },
            "healthcheck": {"retries": _to_int, "disable": _to_boolean},
            "mem_swappiness": _to_int64,
            "oom_kill_disable": _to_boolean,
            "oom_score_adj": _to_int64,
            "pids_limit": _to_int64,
            "ports": {"[]": {"target": _to_int}},
            "privileged": _to_boolean,
            "read_only": _to_boolean,
            "scale": _to_int,
            "stdin_open": _to_boolean,
            "tty": _to_boolean,
            "ulimits": _ULIMITS,
            "build": {
                "ulimits": _ULIMITS,
                "no_cache": _to_boolean,
                "pull": _to_boolean,
                "privileged": _to_boolean,
            },
            "volumes": {
                "[]": {
                    "read_only": _to_boolean,
                    "bind": {"create_host_path": _to_boolean},
                    "volume": {"nocopy": _to_boolean},
                }
            },
        }
    },
    "networks": {
        "*": {
            "external": _to_boolean,
            "internal": _to_boolean,
            "attachable": _to_boolean,
            "enable_ipv4": _to_boolean,
            "enable_ipv6": _to_boolean,
        }
    },
    "volumes": {"*": _RESOURCE},
    "secrets": {"*": _RESOURCE},
    "configs": {"*": _RESOURCE},
}
"""Where text must become something else; ``*`` is any key, ``[]`` any item of a list."""
