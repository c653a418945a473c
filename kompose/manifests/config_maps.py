"""Configs of a service: ConfigMaps, and their volumes."""

from typing import Any, NamedTuple

from kompose.compose.keys.file_mounts import FileReference
from kompose.manifests.component import Component, Scope, file_mode
from kompose.manifests.fields import fields
from kompose.manifests.names import dashed, dns_label
from kompose.manifests.sources import config_map, read_config
from kompose.project import FileSource


class Configs(NamedTuple):
    """What the configs of one component need."""

    objects: list[dict[str, Any]]
    mounts: list[dict[str, Any]]
    sources: list[dict[str, Any]]


def configs(component: Component, scope: Scope) -> Configs:
    """The ConfigMaps that a component refers to, in the order of its references.

    Raises:
        ConvertError: A file cannot be read.
    """
    found = Configs([], [], [])
    mends = scope.options.mends
    for reference in component.service.configs:
        source = scope.project.configs.get(reference.source)
        if source is None or source.is_external:
            continue
        if not source.file and not source.content:
            scope.report.warn(
                "Environment variables in configmaps are not supported yet"
                if source.environment
                else f"Configmap {reference.source} is empty"
            )
            continue
        key, content = _content(reference, source, mends=mends)
        name = dns_label(reference.source) if mends else dashed(reference.source)
        object_name = name if source.file or mends else reference.source
        found.objects.append(config_map(object_name, component.key, {key: content}, mends=mends))
        if not mends:
            key = _looked_for(component, reference, key, source)
        _mount(found, reference, name, key, scope)
    return found


def _looked_for(
    component: Component, reference: FileReference, key: str, source: FileSource
) -> str:
    """The key that a reference looks for: the original takes the first one's for them all."""
    if source.file or not reference.target:
        return key
    references = component.service.configs
    first = next(each for each in references if each.source == reference.source)
    return _base_name(first.target or first.source)


def _mount(found: Configs, reference: FileReference, name: str, key: str, scope: Scope) -> None:
    target = reference.target or f"/{reference.source}"
    if scope.options.mends and not target.startswith("/"):
        target = f"/{target}"
    path = _base_name(target)
    found.mounts.append({"name": name, "mountPath": target, **fields(subPath=path)})
    volume = fields(
        name=name, items=[{"key": key, "path": path}], defaultMode=file_mode(reference, scope)
    )
    found.sources.append({"name": name, "configMap": volume})


def missing_configs(component: Component, scope: Scope) -> None:
    """Says which configs the pod does without, once for each object that would mount them."""
    for reference in component.service.configs:
        source = scope.project.configs.get(reference.source)
        why = ""
        if source is None:
            why = "not found"
        elif source.is_external:
            why = "is external"
        elif not source.file and not source.content:
            why = "is empty"
        if why:
            scope.report.warn(
                f"cannot parse config {reference.source} , config {reference.source} {why}"
            )


def _base_name(path: str) -> str:
    """The last part of a path; the root is its own."""
    return path.rstrip("/").rpartition("/")[2] or "/"


def _content(reference: FileReference, source: FileSource, *, mends: bool) -> tuple[str, bytes]:
    """The key and its content; mended, the key is the same for every service."""
    if source.file:
        return _base_name(source.file), read_config(source.file)
    key = reference.source if mends else reference.target or reference.source
    return _base_name(key), source.content.encode()
