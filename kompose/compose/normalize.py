"""What a project means without saying: the default network, real names, implied dependencies."""

from __future__ import annotations

from typing import Any

from kompose.compose.template import Lookup

_SECTIONS = ("networks", "volumes", "configs", "secrets")
_NAMESPACE_KEYS = ("network_mode", "ipc", "pid", "uts", "cgroup")


def normalize(tree: dict[str, Any], project: str, lookup: Lookup) -> dict[str, Any]:
    """The canonical tree with everything that follows from it written out."""
    result = dict(tree)
    services = {
        name: _service(service, lookup) for name, service in (tree.get("services") or {}).items()
    }
    if any("default" in (service.get("networks") or {}) for service in services.values()):
        networks = dict(result.get("networks") or {})
        networks["default"] = networks.get("default")
        result["networks"] = networks
    if services:
        result["services"] = services
    for section in _SECTIONS:
        if result.get(section):
            result[section] = {
                name: _named(resource, name, project) for name, resource in result[section].items()
            }
    return result


def _named(resource: Any, key: str, project: str) -> dict[str, Any]:
    """The resource with the name that it has outside of the project."""
    result = dict(resource or {})
    if result.get("name") is None:
        result["name"] = key if result.get("external") else f"{project}_{key}"
    return result


def _service(service: dict[str, Any], lookup: Lookup) -> dict[str, Any]:
    result = dict(service)
    if result.get("pull_policy") == "if_not_present":
        result["pull_policy"] = "missing"
    has_networks = result.get("networks") or "network_mode" in result or "provider" in result
    if not has_networks:
        result["networks"] = {"default": None}
    deploy = result.get("deploy")
    if "scale" in result and isinstance(deploy, dict) and deploy.get("replicas") is None:
        result["deploy"] = {**deploy, "replicas": result["scale"]}
    if isinstance(result.get("build"), dict):
        result["build"] = _build(result["build"], lookup)
    dependencies = _dependencies(result)
    if dependencies:
        result["depends_on"] = dependencies
    return result


def _build(build: dict[str, Any], lookup: Lookup) -> dict[str, Any]:
    result = dict(build)
    if result.get("dockerfile") is None and result.get("dockerfile_inline") is None:
        result["dockerfile"] = "Dockerfile"
    if result.get("args"):
        result["args"] = resolve_unset(result["args"], lookup, drop=True)
    return result


def _dependencies(service: dict[str, Any]) -> dict[str, Any]:
    """What the service depends on, said or implied by links, volumes and shared namespaces."""
    dependencies = dict(service.get("depends_on") or {})
    for name, restarts in _implied(service):
        implied: dict[str, Any] = {"condition": "service_started", "required": True}
        if restarts:
            implied["restart"] = True
        dependencies.setdefault(name, implied)
    return dependencies


def _implied(service: dict[str, Any]) -> list[tuple[str, bool]]:
    """Names of services, and whether they take this one along when they restart."""
    links = [_linked(str(link)) for link in service.get("links") or []]
    modes = [str(service.get(key)) for key in _NAMESPACE_KEYS]
    shared = [mode.removeprefix("service:") for mode in modes if mode.startswith("service:")]
    sources = [str(source) for source in service.get("volumes_from") or []]
    mounted = [s.partition(":")[0] for s in sources if not s.startswith("container:")]
    return [(name, True) for name in links + shared] + [(name, False) for name in mounted]


def _linked(link: str) -> str:
    """The service of a link; one with more than a name and an alias names none that exists."""
    name, *alias = link.split(":")
    return name if len(alias) == 1 else link


def resolve_unset(value: Any, lookup: Lookup, *, drop: bool = False) -> Any:
    """A list or mapping of variables, those without a value taking the project's.

    What stays without one is kept as it is, or dropped.
    """
    if isinstance(value, list):
        entries = dict(_split(entry) for entry in value)
    elif isinstance(value, dict):
        entries = value
    else:
        return value
    resolved = {name: lookup(name) if entry is None else entry for name, entry in entries.items()}
    return {k: v for k, v in resolved.items() if v is not None} if drop else resolved


def _split(entry: Any) -> tuple[str, Any]:
    name, equals, value = str(entry).partition("=")
    return name, value if equals else None
