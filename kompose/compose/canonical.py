"""Short forms to long forms, and the values that a missing attribute stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kompose.compose.key import ShapeError
from kompose.compose.key_path import Faults, KeyPath, PathError, dotted
from kompose.compose.service import SERVICE_KEYS

_LONG = {key.name: key.long for key in SERVICE_KEYS if key.long is not None}
_DEFAULTS = tuple((key.name, key.with_defaults) for key in SERVICE_KEYS if key.with_defaults)


def canonical(
    tree: dict[str, Any], warn: Callable[[str, KeyPath], None], *, tolerant: bool = False
) -> dict[str, Any]:
    """The tree in long forms only.

    A ``tolerant`` reading leaves alone what it cannot read, because variables are still in it.

    Raises:
        ComposeError: A short form is wrong.
    """
    result = dict(tree)
    faults = Faults()
    services = tree.get("services")
    if isinstance(services, dict):
        result["services"] = {
            name: _service(service, ("services", name), faults, tolerant=tolerant)
            for name, service in services.items()
        }
    for section in ("networks", "volumes", "secrets", "configs"):
        resources = tree.get(section)
        if isinstance(resources, dict):
            result[section] = dict(resources)
            for name, resource in resources.items():
                with faults:
                    result[section][name] = _maybe_external(resource, (section, name), warn)
    faults.tell()
    return result


def _service(service: Any, path: KeyPath, faults: Faults, *, tolerant: bool) -> Any:
    if not isinstance(service, dict):
        return service
    result = {}
    for key, value in service.items():
        long = _LONG.get(key)
        if long is None or value is None:
            result[key] = value
            continue
        try:
            result[key] = long(value)
        except ShapeError as error:
            place = (*path, key, *error.below)
            faults.add(PathError(f"{dotted(place)}: {error}", place))
        except ValueError as error:
            if not tolerant:
                faults.add(PathError(str(error), (*path, key)))
            result[key] = value
    return result


def _maybe_external(resource: Any, path: KeyPath, warn: Callable[[str, KeyPath], None]) -> Any:
    """A resource whose ``external`` is a truth; the old form held the name."""
    if not isinstance(resource, dict) or not isinstance(resource.get("external"), dict):
        return resource
    old, result = resource["external"], {**resource, "external": True}
    if "name" not in old:
        return result
    place = dotted(path)
    warn(f"{place}: external.name is deprecated. Please set name and external: true", path)
    if result.setdefault("name", old["name"]) != old["name"]:
        raise PathError(f"{place}: name and external.name conflict; only use name", path)
    return result


def with_defaults(tree: dict[str, Any]) -> dict[str, Any]:
    """The canonical tree with the attributes that always have a value."""
    services = tree.get("services")
    if not isinstance(services, dict):
        return tree
    return {
        **tree,
        "services": {name: _service_defaults(service) for name, service in services.items()},
    }


def _service_defaults(service: Any) -> Any:
    if not isinstance(service, dict):
        return service
    result = service
    for key, rule in _DEFAULTS:
        if isinstance(service.get(key), dict | list):
            if result is service:
                result = dict(service)
            result[key] = rule(service[key])
    return result
