"""Short forms to long forms, and the values that a missing attribute stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kompose.compose.key_path import KeyPath, PathError, dotted
from kompose.compose.ports import parse_port
from kompose.compose.scalars import scalar_text
from kompose.compose.volumes import clean_path, parse_volume

Long = Callable[[Any], Any]


class ShapeError(ValueError):
    """A value has a kind that no form of its key has."""


def canonical(
    tree: dict[str, Any], warn: Callable[[str, KeyPath], None], *, tolerant: bool = False
) -> dict[str, Any]:
    """The tree in long forms only.

    A ``tolerant`` reading leaves alone what it cannot read, because variables are still in it.

    Raises:
        ComposeError: A short form is wrong.
    """
    result = dict(tree)
    services = tree.get("services")
    if isinstance(services, dict):
        result["services"] = {
            name: _service(service, ("services", name), tolerant=tolerant)
            for name, service in services.items()
        }
    for section in ("networks", "volumes", "secrets", "configs"):
        resources = tree.get(section)
        if isinstance(resources, dict):
            result[section] = {
                name: _maybe_external(resource, (section, name), warn)
                for name, resource in resources.items()
            }
    return result


def _service(service: Any, path: KeyPath, *, tolerant: bool) -> Any:
    if not isinstance(service, dict):
        return service
    result = {}
    for key, value in service.items():
        long = _LONG_FORMS.get(key)
        if long is None or value is None:
            result[key] = value
            continue
        try:
            result[key] = long(value)
        except ShapeError as error:
            raise PathError(f"{dotted((*path, key))}: {error}", (*path, key)) from None
        except ValueError as error:
            if not tolerant:
                raise PathError(str(error), (*path, key)) from None
            result[key] = value
    return result


def _build(value: Any) -> Any:
    if isinstance(value, str):
        return {"context": value}
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for key in ("additional_contexts", "ssh"):
        if isinstance(result.get(key), list):
            result[key] = dict(_pair(item) for item in result[key])
    if isinstance(result.get("secrets"), list):
        result["secrets"] = _file_mounts(result["secrets"])
    return result


def _pair(item: Any) -> tuple[str, str | None]:
    name, equals, value = scalar_text(item).partition("=")
    return name, value if equals else None


def _depends_on(value: Any) -> Any:
    if isinstance(value, list):
        return {str(name): {"condition": "service_started", "required": True} for name in value}
    if not isinstance(value, dict):
        return value
    return {
        name: {**entry, "required": entry.get("required", True)}
        if isinstance(entry, dict)
        else entry
        for name, entry in value.items()
    }


def _env_file(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [
        {"path": entry, "required": True}
        if isinstance(entry, str)
        else {"required": True, **entry}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _extends(value: Any) -> Any:
    return {"service": value} if isinstance(value, str) else value


def _gpus(value: Any) -> Any:
    return [{"count": "all"}] if value == "all" else value


def _names(value: Any) -> Any:
    return {str(name): None for name in value} if isinstance(value, list) else value


def _volumes(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [_short_volume(entry) if isinstance(entry, str) else entry for entry in value]


def _short_volume(entry: str) -> dict[str, Any]:
    volume = parse_volume(entry)
    return {**volume, "target": clean_path(volume["target"])}


def _devices(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [_device(entry) if isinstance(entry, str) else entry for entry in value]


def _device(spec: str) -> dict[str, Any]:
    source, *rest = spec.split(":")
    if len(rest) > 2:
        raise ValueError(f"confusing device mapping, please use long syntax: {spec}")
    target = rest[0] if rest else source
    return {
        "source": source,
        "target": target,
        "permissions": rest[1] if len(rest) > 1 else "rwm",
    }


def _file_mounts(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [{"source": entry} if isinstance(entry, str) else entry for entry in value]


def _ports(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    ports: list[Any] = []
    for entry in value:
        if isinstance(entry, dict):
            published = entry.get("published")
            is_number = isinstance(published, int | float)
            ports.append({**entry, "published": scalar_text(published)} if is_number else entry)
        elif isinstance(entry, float):
            raise ShapeError("invalid type float64 for port")
        else:
            ports.extend(parse_port(scalar_text(entry)))
    return ports


def _dns(value: Any) -> Any:
    """Name servers without the empty ones that unset variables leave."""
    entries = _as_list(value)
    return [entry for entry in entries if entry != ""] if isinstance(entries, list) else entries


_LONG_FORMS: dict[str, Long] = {
    "build": _build,
    "configs": _file_mounts,
    "depends_on": _depends_on,
    "devices": _devices,
    "dns": _dns,
    "env_file": _env_file,
    "extends": _extends,
    "gpus": _gpus,
    "label_file": _as_list,
    "models": _names,
    "networks": _names,
    "ports": _ports,
    "secrets": _file_mounts,
    "volumes": _volumes,
}
"""Attributes of a service that have a short form."""


def _maybe_external(resource: Any, path: KeyPath, warn: Callable[[str, KeyPath], None]) -> Any:
    """A resource whose ``external`` is a truth; the old form held the name."""
    if not isinstance(resource, dict) or not isinstance(resource.get("external"), dict):
        return resource
    place = dotted(path)
    warn(f"{place}: external.name is deprecated. Please set name and external: true", path)
    name = resource["external"].get("name")
    if resource.get("name") not in {None, name} and name is not None:
        raise PathError(f"{place}: name and external.name conflict; only use name", path)
    result = {**resource, "external": True}
    if name is not None:
        result["name"] = name
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
    for key, rule in _DEFAULTS.items():
        if isinstance(service.get(key), dict | list):
            if result is service:
                result = dict(service)
            result[key] = rule(service[key])
    return result


def _build_defaults(build: Any) -> Any:
    if not isinstance(build, dict):
        return build
    result = {**build, "context": build.get("context", ".")}
    if isinstance(result.get("secrets"), list):
        result["secrets"] = _secret_defaults(result["secrets"])
    return result


def _secret_defaults(secrets: Any) -> Any:
    return [
        {**secret, "target": f"/run/secrets/{secret['source']}"}
        if isinstance(secret, dict) and "target" not in secret and "source" in secret
        else secret
        for secret in secrets
    ]


def _port_defaults(ports: Any) -> Any:
    return [
        {"mode": "ingress", "protocol": "tcp", **port} if isinstance(port, dict) else port
        for port in ports
    ]


def _deploy_defaults(deploy: Any) -> Any:
    resources = deploy.get("resources") if isinstance(deploy, dict) else None
    reservations = resources.get("reservations") if isinstance(resources, dict) else None
    devices = reservations.get("devices") if isinstance(reservations, dict) else None
    if not isinstance(devices, list):
        return deploy
    counted = {**(reservations or {}), "devices": _device_request_defaults(devices)}
    return {**deploy, "resources": {**(resources or {}), "reservations": counted}}


def _device_request_defaults(devices: Any) -> Any:
    return [
        {**device, "count": "all"}
        if isinstance(device, dict) and "count" not in device and "device_ids" not in device
        else device
        for device in devices
    ]


_DEFAULTS: dict[str, Long] = {
    "build": _build_defaults,
    "deploy": _deploy_defaults,
    "gpus": _device_request_defaults,
    "ports": _port_defaults,
    "secrets": _secret_defaults,
}
