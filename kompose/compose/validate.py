"""What the shape of a tree does not tell: contradictions, and references to what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from kompose.compose.host_ips import is_ip
from kompose.compose.key_path import Faults, KeyPath, PathError, dotted

_INVALID = "invalid compose project"
_TEST_STARTS = frozenset({"CMD", "CMD-SHELL", "NONE"})


def check_tree(tree: dict[str, Any]) -> None:
    """Checks a canonical tree for attributes that exclude each other.

    Raises:
        PathError: The first contradiction, with all others.
    """
    faults = Faults()
    for name, volume in _entries(tree, "volumes"):
        with faults:
            _check_external(volume, ("volumes", name), frozenset({"external", "name"}))
    for section in ("configs", "secrets"):
        for name, resource in _entries(tree, section):
            with faults:
                _check_file_object(resource, (section, name), section)
    for name, service in _entries(tree, "services"):
        for check in (_check_devices, _check_ports, _check_watched, _check_mounts):
            with faults:
                check(service, name)
    faults.tell()


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


def _check_ports(service: dict[str, Any], name: str) -> None:
    for index, port in enumerate(service.get("ports") or []):
        if isinstance(port, dict) and "host_ip" in port and not is_ip(port["host_ip"]):
            raise PathError(
                f"services.{name}.ports.[]: invalid ip address: {port['host_ip']}",
                ("services", name, "ports", index, "host_ip"),
            )


def _check_watched(service: dict[str, Any], name: str) -> None:
    develop = service.get("develop")
    for index, trigger in enumerate((develop or {}).get("watch") or []):
        if isinstance(trigger, dict) and trigger.get("path") == "":
            raise PathError(
                f"services.{name}.develop.watch.[].path: value can't be blank",
                ("services", name, "develop", "watch", index, "path"),
            )


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
        PathError: The first fault, with all others.
    """
    services: dict[str, Any] = tree["services"]
    known = _Known(tree, services, disabled)
    faults = Faults()
    for name, service in services.items():
        for check in _SERVICE_CHECKS:
            with faults:
                if problem := check(name, service, known):
                    raise PathError(problem, ("services", name))
    for name, secret in _entries(tree, "secrets"):
        if not secret.get("external") and not secret.get("file") and not secret.get("environment"):
            faults.add(
                PathError(
                    f'secret "{name}" must declare either `file` or `environment`: {_INVALID}',
                    ("secrets", name),
                )
            )
    faults.tell()
    cycle = _cycle({name: services[name] for name in sorted(services)})
    if cycle:
        raise PathError(
            f"dependency cycle detected: {' -> '.join(cycle)}", ("services", cycle[0], "depends_on")
        )


class _Known(NamedTuple):
    """What a service may refer to."""

    tree: Mapping[str, Any]
    services: Mapping[str, Any]
    disabled: frozenset[str]


_HEALTH_TEST = 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"'
_SERVICE = "service:"


def _image(name: str, service: dict[str, Any], _known: _Known) -> str | None:
    if any(service.get(key) for key in ("image", "provider")) or "build" in service:
        return None
    return f'service "{name}" has neither an image nor a build context specified: {_INVALID}'


def _build(name: str, service: dict[str, Any], known: _Known) -> str | None:
    build = service.get("build") or {}
    if build.get("dockerfile") and build.get("dockerfile_inline"):
        return (
            f'service "{name}" declares mutualy exclusive dockerfile and dockerfile_inline: '
            f"{_INVALID}"
        )
    for context, source in (build.get("additional_contexts") or {}).items():
        if not str(source).startswith(_SERVICE):
            continue
        other = source.removeprefix(_SERVICE)
        if other not in known.services:
            return (
                f'service "{name}" declares unknown service "{other}" as additional contexts '
                f"{context}"
            )
        if "build" not in known.services[other]:
            return (
                f'service "{name}" declares non-buildable service "{other}" as additional contexts '
                f"{context}"
            )
    platform = service.get("platform")
    if platform and build.get("platforms") and platform not in build["platforms"]:
        return f'service.build.platforms MUST include service.platform "{platform}": {_INVALID}'
    return None


def _networks(name: str, service: dict[str, Any], known: _Known) -> str | None:
    networks = service.get("networks") or {}
    if service.get("network_mode") and networks:
        return (
            f"service {name} declares mutually exclusive `network_mode` and `networks`: {_INVALID}"
        )
    _undefined(name, "network", networks, known.tree.get("networks"))
    return None


def _undefined(name: str, kind: str, used: Iterable[str], defined: Any, key: str = "") -> None:
    """Finds what a key of a service, that of the kind's plural, names and nobody defines."""
    faults = Faults()
    for reference in used:
        if reference not in (defined or {}):
            faults.add(
                PathError(
                    f'service "{name}" refers to undefined {kind} {reference}: {_INVALID}',
                    ("services", name, key or f"{kind}s", reference),
                )
            )
    faults.tell()


def _health(_name: str, service: dict[str, Any], _known: _Known) -> str | None:
    test = (service.get("healthcheck") or {}).get("test")
    return _HEALTH_TEST if test and test[0] not in _TEST_STARTS else None


def _dependencies_exist(name: str, service: dict[str, Any], known: _Known) -> None:
    faults = Faults()
    for dependency, how in (service.get("depends_on") or {}).items():
        is_optional = dependency in known.disabled and not how.get("required", True)
        if dependency not in known.services and not is_optional:
            faults.add(
                PathError(
                    f'service "{name}" depends on undefined service '
                    f'"{_escaped(dependency)}": {_INVALID}',
                    ("services", name, "depends_on", dependency),
                )
            )
    faults.tell()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _network_mode(_name: str, service: dict[str, Any], known: _Known) -> str | None:
    mode = service.get("network_mode") or ""
    other = mode.removeprefix(_SERVICE)
    if mode.startswith(_SERVICE) and other not in known.services:
        return f"service \"{other}\" not found for network_mode 'service:{other}'"
    return None


def _volumes(name: str, service: dict[str, Any], known: _Known) -> None:
    named = [
        mount["source"]
        for mount in service.get("volumes") or []
        if mount.get("type") == "volume" and mount.get("source")
    ]
    _undefined(name, "volume", named, known.tree.get("volumes"))


def _build_secrets(name: str, service: dict[str, Any], known: _Known) -> None:
    secrets = [m.get("source", "") for m in (service.get("build") or {}).get("secrets") or []]
    _undefined(name, "build secret", secrets, known.tree.get("secrets"), "build")


def _configs(name: str, service: dict[str, Any], known: _Known) -> None:
    sources = [mount.get("source", "") for mount in service.get("configs") or []]
    _undefined(name, "config", sources, known.tree.get("configs"))


def _models(name: str, service: dict[str, Any], known: _Known) -> None:
    _undefined(name, "model", service.get("models") or {}, known.tree.get("models"))


def _secrets(name: str, service: dict[str, Any], known: _Known) -> None:
    sources = [mount.get("source", "") for mount in service.get("secrets") or []]
    _undefined(name, "secret", sources, known.tree.get("secrets"))


def _replicas(name: str, service: dict[str, Any], _known: _Known) -> str | None:
    scale = service.get("scale")
    replicas = (service.get("deploy") or {}).get("replicas")
    if scale is not None and replicas is not None and scale != replicas:
        return _two_values(name, "scale", "deploy.replicas")
    for attribute, count in (("scale", scale), ("deploy.replicas", replicas)):
        if count is not None and count < 0:
            return f"services.{name}.{attribute}: must be greater than or equal to 0"
    return None


def _limits(name: str, service: dict[str, Any], _known: _Known) -> str | None:
    """Amounts that are set in two places; one that is missing in the second is a zero there."""
    resources = (service.get("deploy") or {}).get("resources") or {}
    for short, section, key in _AMOUNTS:
        own = float(service.get(short) or 0)
        amounts = resources.get(section)
        if own and amounts is not None and float(amounts.get(key) or 0) != own:
            return _two_values(name, short, f"deploy.resources.{section}.{key}")
    return None


_AMOUNTS = (
    ("cpus", "limits", "cpus"),
    ("mem_limit", "limits", "memory"),
    ("mem_reservation", "reservations", "memory"),
    ("pids_limit", "limits", "pids"),
)


def _two_values(name: str, short: str, long: str) -> str:
    return f"services.{name}: can't set distinct values on '{short}' and '{long}': {_INVALID}"


def _container_name(name: str, service: dict[str, Any], _known: _Known) -> str | None:
    replicas = (service.get("deploy") or {}).get("replicas")
    scale = service.get("scale", replicas)
    if service.get("container_name") and scale is not None and scale > 1:
        attribute = "scale" if "scale" in service else "deploy.replicas"
        # The two words stand in the original's order, which is the wrong one.
        return (
            f"services.{attribute}: can't set container_name and {name} as container name "
            f"must be unique: {_INVALID}"
        )
    return None


def _watch(name: str, service: dict[str, Any], _known: _Known) -> str | None:
    for trigger in (service.get("develop") or {}).get("watch") or []:
        if trigger.get("action") not in {"rebuild", "restart"} and not trigger.get("target"):
            return (
                f"services.{name}.develop.watch: target is required for non-rebuild actions: "
                f"{_INVALID}"
            )
    return None


def _targets(name: str, service: dict[str, Any], _known: _Known) -> str | None:
    """Places in the container that two mounts want."""
    taken: dict[str, str] = {}
    places = [
        *(("tmpfs", path.partition(":")[0]) for path in service.get("tmpfs") or []),
        *(("volumes", mount.get("target", "")) for mount in service.get("volumes") or []),
    ]
    numbers = {"tmpfs": 0, "volumes": 0}
    for key, target in places:
        place = f"services.{name}.{key}[{numbers[key]}]"
        numbers[key] += 1
        if target in taken:
            return f"{place}: target {target} already mounted as {taken[target]}"
        taken[target] = place
    return None


_SERVICE_CHECKS: tuple[Callable[[str, dict[str, Any], _Known], str | None], ...] = (
    _image,
    _build,
    _networks,
    _health,
    _dependencies_exist,
    _network_mode,
    _volumes,
    _build_secrets,
    _configs,
    _models,
    _secrets,
    _replicas,
    _limits,
    _container_name,
    _watch,
    _targets,
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
