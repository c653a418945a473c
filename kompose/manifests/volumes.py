"""Mounts of a component: claims, ConfigMaps, empty and host directories."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import fields, metadata
from kompose.manifests.names import dashed, dns_label, resource_name
from kompose.manifests.secrets import secret_volumes
from kompose.manifests.sources import (
    SourceKind,
    config_fault,
    config_map_of_path,
    inspect_source,
)
from kompose.project import Mount
from kompose.report import ConvertError
from kube_client.quantity import QuantityError, canonical_quantity

_KINDS = ("persistentVolumeClaim", "emptyDir", "hostPath", "configMap")
_BASE_WORDS = {"emptyDir": "empty", "hostPath": "hostpath", "configMap": "cm"}
_DEFAULT_SIZE = "100Mi"
_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class Volumes(NamedTuple):
    """What the mounts of one component need."""

    mounts: list[dict[str, Any]]
    """In the container."""
    sources: list[dict[str, Any]]
    """In the pod."""
    claims: list[dict[str, Any]]
    """PersistentVolumeClaims of their own."""
    config_maps: list[dict[str, Any]]


def volumes(component: Component, scope: Scope) -> Volumes:
    """The volumes of a component, in the order of the file, then its secrets and tmpfs.

    Raises:
        ConvertError: A label or a size says something that means nothing.
    """
    kind = _volume_kind(component, scope)
    found = Volumes([], [], [], [])
    for index, mount in enumerate(component.mounts):
        _add(found, component, scope, mount, index, kind)
    mounts, sources = secret_volumes(component, scope)
    found.mounts.extend(mounts)
    found.sources.extend(sources)
    for index, path in enumerate(component.service.tmpfs):
        _add_memory(found, f"{component.key}-tmpfs{index}", path.split(":")[0])
    return _once_each(found) if scope.options.mends else found


def _add_memory(found: Volumes, name: str, path: str) -> None:
    found.mounts.append({"name": name, "mountPath": path})
    found.sources.append({"name": name, "emptyDir": {"medium": "Memory"}})


def _once_each(found: Volumes) -> Volumes:
    """The same, a volume that is mounted twice named once in the pod."""
    return found._replace(sources=list({each["name"]: each for each in found.sources}.values()))


def _volume_name(name: str, scope: Scope) -> str:
    return dns_label(name) if scope.options.mends else dashed(name)


def _volume_kind(component: Component, scope: Scope) -> str:
    kind = component.labels.volume_kind
    if not kind:
        return scope.options.volume_kind
    if kind not in _KINDS:
        raise ConvertError(
            "Error transforming Kubernetes objects: k.ConfigVolumes failed: "
            f"invalid volume type {kind} specified in label 'kompose.volume.type' "
            f"in service {component.display_name}"
        )
    return kind


def _is_named(mount: Mount) -> bool:
    return (
        bool(mount.source)
        and mount.source != "."
        and "/" not in mount.source
        and not _WINDOWS_DRIVE.match(mount.source)
    )


def _add(
    found: Volumes, component: Component, scope: Scope, mount: Mount, index: int, kind: str
) -> None:
    mends = scope.options.mends
    if mends and mount.kind == "tmpfs":
        _add_memory(found, f"{component.key}-tmpfs-volume{index}", mount.target)
        return
    is_named = _is_named(mount)
    host = "" if is_named else mount.source
    seen = SourceKind.OTHER
    if host or not mends:
        seen = inspect_source(host or f":{mount.target}", scope.report)
    if seen is SourceKind.SKIPPED:
        return
    if mends and seen is SourceKind.CONFIG and (fault := config_fault(host)):
        scope.report.warn(f"{host} {fault}: an empty volume is mounted in its place")
        seen = SourceKind.OTHER
    if seen is SourceKind.CONFIG and kind not in ("emptyDir", "hostPath"):
        _add_config_map(found, component, mount, f"{component.key}-cm{index}", host, mends=mends)
        return
    kind = "persistentVolumeClaim" if kind == "configMap" else kind
    base = f"{component.key}-{_BASE_WORDS.get(kind, 'claim')}{index}"
    name = _volume_name(mount.source, scope) if is_named else base
    found.mounts.append(_mount(component, mount, name, mount.is_read_only))
    if kind == "hostPath":
        found.sources.append(
            {"name": name, "hostPath": {"path": host or scope.project.working_dir}}
        )
        return
    if kind == "emptyDir":
        found.sources.append({"name": name, "emptyDir": {}})
    else:
        claim = {"claimName": name, **fields(readOnly=mount.is_read_only)}
        found.sources.append({"name": name, "persistentVolumeClaim": claim})
        top_name = mount.source if mends else name
        found.claims.append(_claim(component, scope, name, top_name, mount))
    if host:
        shown = host.replace("\\", "\\\\")
        scope.report.warn(
            f'Volume mount on the host "{shown}" isn\'t supported - ignoring path on the host'
        )


def _mount(
    component: Component, mount: Mount, name: str, is_read_only: bool, sub_path: str = ""
) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name}
    if is_read_only:
        made["readOnly"] = True
    made["mountPath"] = mount.target
    if below := component.labels.volume_subpath or sub_path:
        made["subPath"] = below
    return made


def _add_config_map(
    found: Volumes, component: Component, mount: Mount, name: str, host: str, *, mends: bool
) -> None:
    config_map, only_key = config_map_of_path(host, name, component.key, mends=mends)
    found.config_maps.append(config_map)
    target = mount.target.rstrip("/").rpartition("/")[2] if only_key else ""
    found.mounts.append(_mount(component, mount, name, mount.is_read_only, target))
    items = [{"key": only_key, "path": target}] if only_key else []
    found.sources.append({"name": name, "configMap": fields(name=name, items=items)})


def _claim(
    component: Component, scope: Scope, name: str, top_name: str, mount: Mount
) -> dict[str, Any]:
    top_labels = scope.project.volume_labels.get(top_name, {})
    labels = component.labels
    top_size = top_labels.get("kompose.volume.size", "")
    size = top_size or labels.volume_size or scope.options.pvc_request_size or _DEFAULT_SIZE
    selector = top_labels.get("kompose.volume.selector", "")
    claim_name = resource_name(name)
    spec = fields(
        accessModes=["ReadOnlyMany" if mount.is_read_only else "ReadWriteOnce"],
        selector=fields(matchLabels=fields(**{"io.kompose.service": selector})),
        resources={"requests": {"storage": _quantity(size)}},
        storageClassName="" if top_size else labels.volume_class,
    )
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "metadata": metadata(claim_name, labels={"io.kompose.service": name}),
        "spec": spec,
        "status": {},
    }


@lru_cache(maxsize=256)
def _quantity(size: str) -> str:
    if size == _DEFAULT_SIZE:
        return size
    try:
        return canonical_quantity(size)
    except QuantityError as error:
        raise ConvertError(
            "Error transforming Kubernetes objects: k.ConfigVolumes failed: k.CreatePVC failed: "
            "resource.ParseQuantity failed, Error parsing size: quantities must match the "
            "regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ) from error
