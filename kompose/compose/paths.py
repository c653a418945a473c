"""Paths of the host inside a tree, made absolute."""

from __future__ import annotations

from typing import Any

from kompose.compose.host_paths import absolute_from, with_path
from kompose.compose.key import Absolute
from kompose.compose.service import SERVICE_KEYS

_RULES = tuple((key.name, key.resolved) for key in SERVICE_KEYS if key.resolved is not None)


def resolve_paths(tree: dict[str, Any], directory: str) -> dict[str, Any]:
    """The canonical tree with every path of the host joined to ``directory``."""
    absolute = absolute_from(directory)
    result = dict(tree)
    services = tree.get("services")
    if isinstance(services, dict):
        result["services"] = {name: _service(value, absolute) for name, value in services.items()}
    for section in ("configs", "secrets"):
        if isinstance(tree.get(section), dict):
            result[section] = {
                name: with_path(value, "file", absolute) for name, value in tree[section].items()
            }
    if isinstance(tree.get("volumes"), dict):
        result["volumes"] = {
            name: _volume(value, absolute) for name, value in tree["volumes"].items()
        }
    return result


def _service(service: Any, absolute: Absolute) -> Any:
    if not isinstance(service, dict):
        return service
    result = service
    for key, rule in _RULES:
        value = service.get(key)
        if isinstance(value, dict | list):
            if result is service:
                result = dict(service)
            result[key] = rule(value, absolute)
    return result


def _volume(volume: Any, absolute: Absolute) -> Any:
    """A named volume that binds a directory of the host has that directory resolved."""
    options = volume.get("driver_opts") if isinstance(volume, dict) else None
    is_bind = isinstance(options, dict) and options.get("o") == "bind"
    if not is_bind or volume.get("driver") != "local":
        return volume
    return {**volume, "driver_opts": with_path(options, "device", absolute)}
