"""Defaults from `~/.config/stern/config.yaml`: long flag names and their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stern.errors import SternError, UsageError
from stern.flag_parser import ParsedFlags
from stern.flag_values import FlagValueError
from stern.flags import BY_NAME, Flag, Kind

DEFAULT_PATH = "~/.config/stern/config.yaml"


def config_path(flags: ParsedFlags, env: Mapping[str, str]) -> str:
    """Where the file is: STERNCONFIG beats --config, which beats the usual place."""
    return env.get("STERNCONFIG", flags.text("config"))


def read_config(path: str, env: Mapping[str, str]) -> dict[str, Any]:
    """The mapping in the file; empty where the usual file does not exist.

    Raises:
        UsageError: The file cannot be read, or holds something else.
    """
    expanded = _expanded(path, env)
    try:
        if not expanded:
            raise FileNotFoundError  # noqa: TRY301  # an empty variable names no file
        text = Path(expanded).read_bytes()
    except FileNotFoundError as error:
        if path == DEFAULT_PATH:
            return {}
        raise UsageError(f"open {expanded}: no such file or directory") from error
    except IsADirectoryError as error:
        raise UsageError(f"read {expanded}: is a directory") from error
    except OSError as error:
        raise UsageError(f"open {expanded}: {(error.strerror or str(error)).lower()}") from error
    return _first_document(text, expanded)


def _expanded(path: str, env: Mapping[str, str]) -> str:
    if path == "~" or path.startswith("~/"):
        home = env.get("HOME", "")
        if not home:
            raise UsageError("$HOME is not defined")
        return home + path[1:]
    if path.startswith("~"):
        raise UsageError("cannot expand user-specific home dir")
    return path


def _first_document(text: bytes, path: str) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = next(iter(yaml.load_all(text, Loader=loader)), None)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} is not YAML: {reason}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UsageError(f"{path} should hold flags and their values, one 'name: value' a line")
    return document


def apply_config(
    flags: ParsedFlags, config: Mapping[str, Any], warn: Callable[[str], None]
) -> None:
    """Set what the file says, except where the command line has spoken.

    Raises:
        SternError: A value is none of its flag's kind.
    """
    given = frozenset(flags.given)
    for key, value in config.items():
        flag = BY_NAME.get(str(key))
        if flag is None:
            warn(f"Unknown option specified in the config file: {key}")
        elif flag.name not in given:
            _set(flags, flag, value)


def _set(flags: ParsedFlags, flag: Flag, value: object) -> None:
    if isinstance(value, list) and flag.kind in (Kind.ARRAY, Kind.SLICE):
        flags.values[flag.name] = tuple(_text(item) for item in value)
        return
    try:
        flags.set(flag, _text(value))
    except FlagValueError as error:
        raise UsageError(
            f'invalid value {_text(value)} for "{flag.name}" in the config file: {error}'
        ) from error


def _text(value: object) -> str:
    """A value as Go's cast prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{' '.join(_text(item) for item in value)}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_text(item)}' for key, item in sorted(value.items()))}]"
    return str(value)


__all__ = ["DEFAULT_PATH", "SternError", "apply_config", "config_path", "read_config"]
