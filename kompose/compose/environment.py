"""The variables and labels that services take from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kompose.compose.dotenv import read_dotenv
from kompose.compose.key_path import KeyPath, told_at
from kompose.compose.record import Record
from kompose.errors import ComposeError

WarnAt = Callable[[str, KeyPath], None]


def with_file_values(
    services: Mapping[str, Record], environment: Mapping[str, str], warn: WarnAt
) -> dict[str, Record]:
    """The services with the contents of their env and label files in place.

    Raises:
        ComposeError: A required file is missing or malformed.
    """
    return {name: _service(name, service, environment, warn) for name, service in services.items()}


def _service(name: str, service: Record, environment: Mapping[str, str], warn: WarnAt) -> Record:
    if not service.get("env_file") and not service.get("label_file"):
        return service
    result = service.having(service)
    if service.get("env_file"):
        result["environment"] = _environment(name, service, environment, warn)
        if not result["environment"]:
            del result["environment"]
    if service.get("label_file"):
        labels: dict[str, str] = {}
        place = ("services", name, "label_file")
        for index, path in enumerate(service["label_file"]):
            seen, labels = labels, {}
            with told_at((*place, index)):
                _take_file(path, labels, seen, lambda m: warn(m, place), "label")
            labels = {**seen, **labels}
        result["labels"] = {**labels, **(service.get("labels") or {})}
    return result


def _environment(
    name: str, service: dict[str, Any], environment: Mapping[str, str], warn: WarnAt
) -> dict[str, Any]:
    """File after file, each seeing the ones before, the service's own values last."""
    own: dict[str, Any] = service.get("environment") or {}
    known = {**{key: value for key, value in own.items() if value is not None}, **environment}
    found: dict[str, str] = {}
    path = ("services", name, "env_file")
    for index, entry in enumerate(service["env_file"]):
        file, file_format = entry.get("path", ""), entry.get("format")
        is_there = Path(file).exists()
        with told_at((*path, index)):
            if file_format and is_there:
                raise ComposeError(f'unsupported env_file format "{file_format}"')
            if is_there or entry.get("required", True):
                _take_file(file, found, known, lambda m: warn(m, path), "env")
    return {**found, **own}


def _take_file(
    path: str,
    found: dict[str, str],
    environment: Mapping[str, str],
    warn: Callable[[str], None],
    kind: str,
) -> None:
    try:
        found.update(read_dotenv(Path(path), environment, warn, found))
    except FileNotFoundError:
        raise ComposeError(
            f"{kind} file {path} not found: stat {path}: no such file or directory"
        ) from None
    except IsADirectoryError:
        raise ComposeError(f"failed to read {path}: read {path}: is a directory") from None
    except OSError as error:
        raise ComposeError(f"open {path}: {(error.strerror or 'cannot be read').lower()}") from None
