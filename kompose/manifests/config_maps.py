"""Configs of a service: ConfigMaps, and their volumes."""

from pathlib import PurePosixPath
from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import fields
from kompose.manifests.names import dashed, dns_label
from kompose.manifests.sources import config_map, read_config
from kompose.project import FileReference, FileSource


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
    for reference in component.service.configs:
        source = scope.project.configs.get(reference.source)
        if source is None or not _has_content(reference, source, scope):
            continue
        mends = scope.options.mends
        target = reference.target or f"/{reference.source}"
        if mends and not target.startswith("/"):
            target = f"/{target}"
        path = PurePosixPath(target).name
        key, content = _content(reference, source, mends=mends)
        name = dns_label(reference.source) if mends else dashed(reference.source)
        object_name = name if source.file or mends else reference.source
        made = config_map(object_name, component.key, {key: content}, mends=mends)
        found.objects.append(made)
        found.mounts.append({"name": name, "mountPath": target, "subPath": path})
        volume = fields(
            name=name,
            items=[{"key": key, "path": path}],
            defaultMode=reference.mode or None,
        )
        found.sources.append({"name": name, "configMap": volume})
    return found


def _has_content(reference: FileReference, source: FileSource, scope: Scope) -> bool:
    if source.is_external:
        scope.report.warn(
            f"cannot parse config {reference.source} , config {reference.source} is external"
        )
        return False
    if source.file or source.content:
        return True
    if source.environment:
        scope.report.warn("Environment variables in configmaps are not supported yet")
    scope.report.warn(
        f"cannot parse config {reference.source} , config {reference.source} is empty"
    )
    return False


def _content(reference: FileReference, source: FileSource, *, mends: bool) -> tuple[str, bytes]:
    """The key and its content; mended, the key is the same for every service."""
    if source.file:
        return PurePosixPath(source.file).name, read_config(source.file)
    key = reference.source
    if reference.target and not mends:
        key = PurePosixPath(reference.target).name
    return key, source.content.encode()
