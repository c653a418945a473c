"""What the shape of a tree does not tell: contradictions, and references to what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kompose.compose.key_path import KeyPath, PathError, dotted
from kompose.errors import ComposeError

_INVALID = "invalid compose project"
_TEST_STARTS = frozenset({"CMD", "CMD-SHELL", "NONE"})


def check_tree(tree: dict[str, Any]) -> None:
    """Checks a canonical tree for attributes that exclude each other.

    Raises:
        ComposeError: The first contradiction.
    """
    for name, volume in _entries(tree, "volumes"):
        _check_external(volume, ("volumes", name), frozenset({"external", "name"}))
    for section in ("configs", "secrets"):
        for name, resource in _entries(tree, section):
            _check_file_object(resource, (section, name), section)
    for name, service in _entries(tree, "services"):
        _check_devices(service, name)
        _check_mounts(service, name)


def _entries(tree: dict[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in (tree.get(section) or {}).items():
        if isinstance(entry, dict):
            yield name, entry


def _check_external(resource: dict[str, Any], path: KeyPath, allowed: frozenset[str]) -> None:
    if not resource.get("external"):
        return
    for key in resource:
        if key not in allowed and not key.startswith("x-"):
            place = dotted(path)
            raise PathError(
                f'{place}: conflicting parameters "external" and "{key}" specified', path
            )


def _check_file_object(resource: dict[str, Any], path: KeyPath, section: str) -> None:
    sources = (
        ("file", "environment", "content") if section == "configs" else ("file", "environment")
    )
    given = [key for key in sources if key in resource]
    place = dotted(path)
    words = "|".join(sources)
    if len(given) > 1:
        raise PathError(f"{place}: {words} attributes are mutually exclusive", path)
    if not given and not {"driver", "external"} & resource.keys():
        raise PathError(f"{place}: one of {words} must be set", path)


def _check_devices(service: dict[str, Any], name: str) -> None:
    deploy = service.get("deploy") or {}
    reservations = (deploy.get("resources") or {}).get("reservations") or {}
    places = {
        "deploy.resources.reservations.devices": reservations.get("devices"),
        "gpus": service.get("gpus"),
    }
    for place, devices in places.items():
        for device in devices or []:
            if isinstance(device, dict) and "count" in device and "device_ids" in device:
                path = ("services", name, *place.split("."))
                where = f"services.{name}.{place}.[]"
                raise PathError(f'{where}: "count" and "device_ids" attributes are exclusive', path)


def _check_mounts(service: dict[str, Any], name: str) -> None:
    for index, mount in enumerate(service.get("volumes") or []):
        if isinstance(mount, dict) and mount.get("type") == "bind" and not mount.get("source"):
            raise PathError(
                'invalid mount config for type "bind": field Source must not be empty',
                ("services", name, "volumes", index),
            )


def check_project(tree: dict[str, Any], disabled: frozenset[str]) -> None:
    """Checks a model, its services of other profiles left out, for references and conflicts.

    Raises:
        ComposeError: The first fault.
    """
    services: dict[str, Any] = tree["services"]
    for name, service in services.items():
        for check in _SERVICE_CHECKS:
            problem = check(name, service, tree)
            if problem:
                text = problem if problem.endswith(_WITHOUT_SUFFIX) else f"{problem}: {_INVALID}"
                raise PathError(text, ("services", name))
        _check_dependencies(name, service, services, disabled)
    _check_container_names(services)
    cycle = _cycle(services)
    if cycle:
        raise PathError(
            f"dependency cycle detected: {' -> '.join(cycle)}", ("services", cycle[0], "depends_on")
        )


_HEALTH_TEST = 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"'
_WITHOUT_SUFFIX = _HEALTH_TEST


def _image(name: str, service: dict[str, Any], _tree: dict[str, Any]) -> str | None:
    if any(service.get(key) for key in ("image", "build", "provider")):
        return None
    return f'service "{name}" has neither an image nor a build context specified'


def _dockerfiles(name: str, service: dict[str, Any], _tree: dict[str, Any]) -> str | None:
    build = service.get("build") or {}
    if build.get("dockerfile") and build.get("dockerfile_inline"):
        return f'service "{name}" declares mutualy exclusive dockerfile and dockerfile_inline'
    return None


def _networks(name: str, service: dict[str, Any], tree: dict[str, Any]) -> str | None:
    networks = service.get("networks") or {}
    if service.get("network_mode") and networks:
        return f"service {name} declares mutually exclusive `network_mode` and `networks`"
    return _undefined(name, "network", networks, tree.get("networks"))


def _undefined(name: str, kind: str, used: Any, defined: Any) -> str | None:
    for reference in used:
        if reference not in (defined or {}):
            return f'service "{name}" refers to undefined {kind} {reference}'
    return None


def _health(_name: str, service: dict[str, Any], _tree: dict[str, Any]) -> str | None:
    test = (service.get("healthcheck") or {}).get("test")
    return _HEALTH_TEST if test and test[0] not in _TEST_STARTS else None


def _volumes(name: str, service: dict[str, Any], tree: dict[str, Any]) -> str | None:
    named = [
        mount["source"]
        for mount in service.get("volumes") or []
        if mount.get("type") == "volume" and mount.get("source")
    ]
    return _undefined(name, "volume", named, tree.get("volumes"))


def _build_secrets(name: str, service: dict[str, Any], tree: dict[str, Any]) -> str | None:
    secrets = [m.get("source", "") for m in (service.get("build") or {}).get("secrets") or []]
    return _undefined(name, "build secret", secrets, tree.get("secrets"))


def _files(name: str, service: dict[str, Any], tree: dict[str, Any]) -> str | None:
    for kind in ("config", "secret"):
        sources = [mount.get("source", "") for mount in service.get(f"{kind}s") or []]
        problem = _undefined(name, kind, sources, tree.get(f"{kind}s"))
        if problem:
            return problem
    return _undefined(name, "model", service.get("models") or {}, tree.get("models"))


def _distinct(name: str, service: dict[str, Any], _tree: dict[str, Any]) -> str | None:
    """Values that two attributes set differently."""
    deploy = service.get("deploy") or {}
    resources = deploy.get("resources") or {}
    limits = resources.get("limits") or {}
    reservations = resources.get("reservations") or {}
    pairs = (
        ("scale", service.get("scale"), "deploy.replicas", deploy.get("replicas")),
        ("cpus", service.get("cpus"), "deploy.resources.limits.cpus", limits.get("cpus")),
        (
            "mem_limit",
            service.get("mem_limit"),
            "deploy.resources.limits.memory",
            limits.get("memory"),
        ),
        (
            "mem_reservation",
            service.get("mem_reservation"),
            "deploy.resources.reservations.memory",
            reservations.get("memory"),
        ),
        (
            "pids_limit",
            service.get("pids_limit"),
            "deploy.resources.limits.pids",
            limits.get("pids"),
        ),
    )
    for short, own, long, other in pairs:
        if own is not None and other is not None and own != other:
            return f"services.{name}: can't set distinct values on '{short}' and '{long}'"
    return None


def _container_name(name: str, service: dict[str, Any], _tree: dict[str, Any]) -> str | None:
    replicas = (service.get("deploy") or {}).get("replicas")
    for attribute, count in (("scale", service.get("scale")), ("deploy.replicas", replicas)):
        if service.get("container_name") and count is not None and count > 1:
            return (
                f"services.{name}: can't set container_name and {attribute} as container name "
                "must be unique"
            )
    return None


def _watch(name: str, service: dict[str, Any], _tree: dict[str, Any]) -> str | None:
    for trigger in (service.get("develop") or {}).get("watch") or []:
        if trigger.get("action") not in {"rebuild", "restart"} and not trigger.get("target"):
            return f"services.{name}.develop.watch: target is required for non-rebuild actions"
    return None


_SERVICE_CHECKS: tuple[Callable[[str, dict[str, Any], dict[str, Any]], str | None], ...] = (
    _image,
    _dockerfiles,
    _networks,
    _health,
    _volumes,
    _build_secrets,
    _files,
    _distinct,
    _container_name,
    _watch,
)


def _check_dependencies(
    name: str, service: dict[str, Any], services: dict[str, Any], disabled: frozenset[str]
) -> None:
    for dependency, how in (service.get("depends_on") or {}).items():
        if dependency in services or (dependency in disabled and not how.get("required", True)):
            continue
        raise PathError(
            f'service "{name}" depends on undefined service "{dependency}": {_INVALID}',
            ("services", name, "depends_on", dependency),
        )


def _check_container_names(services: dict[str, Any]) -> None:
    users: dict[str, str] = {}
    for name, service in services.items():
        container = service.get("container_name")
        if container and users.setdefault(container, name) != name:
            raise ComposeError(
                f'services.{name}: container name "{container}" is already in use by service '
                f'"{users[container]}": {_INVALID}'
            )


def _cycle(services: dict[str, Any]) -> list[str] | None:
    """The services of a dependency circle, the first one named again at the end."""
    done: set[str] = set()
    for start in services:
        way: list[str] = []
        pending: list[tuple[str, Iterator[str]]] = [(start, _dependencies(services, start))]
        while pending:
            name, dependencies = pending[-1]
            if len(way) < len(pending):
                way.append(name)
            following = next((d for d in dependencies if d not in done), None)
            if following is None:
                done.add(name)
                pending.pop()
                way.pop()
            elif following in way:
                return [*way[way.index(following) :], following]
            else:
                pending.append((following, _dependencies(services, following)))
    return None


def _dependencies(services: dict[str, Any], name: str) -> Iterator[str]:
    return iter([d for d in services[name].get("depends_on") or {} if d in services])
