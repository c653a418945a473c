"""Mounts of a component: claims, ConfigMaps, empty and host directories."""

import os
from functools import lru_cache
from typing import Any, NamedTuple

from kompose.manifests.component import Component, Scope
from kompose.manifests.fields import fields, metadata
from kompose.manifests.mounts import ParsedMount
from kompose.manifests.names import dashed, dns_label, is_label_value, resource_name, with_suffix
from kompose.manifests.secrets import secret_volumes
from kompose.manifests.sources import (
    SourceKind,
    config_fault,
    config_map_of_path,
    inspect_source,
)
from kompose.manifests.volume_names import told_apart
from kompose.report import ConvertError
from kube_client.quantity import QuantityError, canonical_quantity

_KINDS = ("persistentVolumeClaim", "emptyDir", "hostPath", "configMap")
_BASE_WORDS = {"emptyDir": "empty", "hostPath": "hostpath", "configMap": "cm"}
_DEFAULT_SIZE = "100Mi"


class Volumes(NamedTuple):
    """What the mounts of one component need."""

    mounts: list[dict[str, Any]]
    """In the container."""
    sources: list[dict[str, Any]]
    """In the pod."""
    claims: list[dict[str, Any]]
    """PersistentVolumeClaims of their own."""
    config_maps: list[dict[str, Any]]


def volumes(component: Component, scope: Scope, owner: str = "") -> Volumes:
    """The volumes of a component: its secrets, those in the order of the file, its tmpfs.

    `owner` is the group that the component is a member of, if any.

    Raises:
        ConvertError: A label or a size says something that means nothing.
    """
    owner = owner or component.key
    kind = _volume_kind(component, scope)
    mounts, sources = secret_volumes(component, scope, owner)
    found = Volumes(mounts, sources, [], [])
    for index, mount in enumerate(component.mounts):
        _add(found, component, scope, owner, mount, index, kind)
    for index, path in enumerate(component.service.tmpfs):
        if scope.options.mends and not path.split(":")[0]:
            continue
        name = f"tmpfs{index}"
        name = with_suffix(owner, name) if scope.options.mends else f"{owner}-{name}"
        _add_memory(found, name, path.split(":")[0])
    if scope.options.mends:
        mounts, sources = told_apart(found.mounts, found.sources)
        found = found._replace(mounts=mounts, sources=sources)
    return found


def _add_memory(found: Volumes, name: str, path: str) -> None:
    found.mounts.append({"name": name, "mountPath": path})
    found.sources.append({"name": name, "emptyDir": {"medium": "Memory"}})


def _volume_kind(component: Component, scope: Scope) -> str:
    kind = component.labels.volume_kind
    if kind is None:
        return scope.options.volume_kind
    if kind not in _KINDS:
        raise ConvertError(
            "Error transforming Kubernetes objects: k.ConfigVolumes failed: "
            f"invalid volume type {kind} specified in label 'kompose.volume.type' "
            f"in service {component.display_name}"
        )
    return kind


def _add(
    found: Volumes,
    component: Component,
    scope: Scope,
    owner: str,
    mount: ParsedMount,
    index: int,
    kind: str,
) -> None:
    mends = scope.options.mends
    if mends and mount.kind == "tmpfs":
        _add_memory(found, with_suffix(owner, f"tmpfs-volume{index}"), mount.target)
        return
    seen = SourceKind.OTHER
    if mount.host or not mends:
        seen = inspect_source(mount.host, mount.target, scope.report)
    if seen is SourceKind.SKIPPED:
        scope.report.warn(f"Skip file in path {mount.host} ")
        return
    if mends and seen is SourceKind.CONFIG and (fault := config_fault(mount.host)):
        scope.report.warn(f"{mount.host} {fault}: an empty volume is mounted in its place")
        seen = SourceKind.OTHER
    is_content = seen is SourceKind.CONFIG
    if kind not in ("emptyDir", "hostPath"):
        kind = "configMap" if is_content else "persistentVolumeClaim"
    name = _name(component, scope, owner, mount, index, kind)
    if kind == "configMap":
        scope.report.debug("Use configmap volume")
        _add_config_map(found, component, mount, name, owner, scope)
        return
    found.mounts.append(_mount(component, mount, name))
    if kind == "hostPath":
        path = os.path.join(scope.project.working_dir, mount.host)  # noqa: PTH118 - as text
        found.sources.append({"name": name, "hostPath": {"path": os.path.normpath(path)}})
        return
    if kind == "emptyDir":
        found.sources.append({"name": name, "emptyDir": {}})
    else:
        claim = {"claimName": name, **fields(readOnly=mount.is_read_only)}
        found.sources.append({"name": name, "persistentVolumeClaim": claim})
        top_name = mount.name if mends else name
        found.claims.append(_claim(component, scope, name, top_name, mount))
    if mount.host and not is_content:
        shown = mount.host.replace("\\", "\\\\").replace('"', '\\"')
        scope.report.warn(
            f'Volume mount on the host "{shown}" isn\'t supported - ignoring path on the host'
        )


def _name(
    component: Component, scope: Scope, owner: str, mount: ParsedMount, index: int, kind: str
) -> str:
    if mount.name:
        return dns_label(mount.name) if scope.options.mends else dashed(mount.name)
    word = _BASE_WORDS.get(kind, "claim")
    if scope.options.mends:
        return with_suffix(owner, f"{word}{index}")
    # The words are replaced where they stand first, also inside the name of the service.
    name = f"{component.key}-claim{index}".replace("claim", word, 1)
    return name.replace(component.display_name, owner, 1)


def _mount(
    component: Component, mount: ParsedMount, name: str, sub_path: str = ""
) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name}
    if mount.is_read_only:
        made["readOnly"] = True
    made["mountPath"] = mount.target
    if below := component.labels.volume_subpath or sub_path:
        made["subPath"] = below
    return made


def _add_config_map(
    found: Volumes, component: Component, mount: ParsedMount, name: str, owner: str, scope: Scope
) -> None:
    mends = scope.options.mends
    config_map, only_key = config_map_of_path(mount.host, name, owner, mends=mends)
    if not only_key:
        for file in sorted({**config_map.get("data", {}), **config_map.get("binaryData", {})}):
            scope.report.debug(f"Read file to ConfigMap: {file}")
    found.config_maps.append(config_map)
    file = (mount.target.rstrip("/") if mends else mount.target).rpartition("/")[2]
    target = file if only_key else ""
    found.mounts.append(_mount(component, mount, name, target))
    items = [{"key": only_key, "path": target}] if only_key else []
    found.sources.append({"name": name, "configMap": fields(name=name, items=items)})


def _claim(
    component: Component, scope: Scope, name: str, top_name: str, mount: ParsedMount
) -> dict[str, Any]:
    top_labels = scope.project.volume_labels.get(top_name, {})
    labels = component.labels
    top_size = top_labels.get("kompose.volume.size", "")
    size = top_size
    if not top_size:
        size = scope.options.pvc_request_size or _DEFAULT_SIZE
        if labels.volume_size is not None:
            size = labels.volume_size
    selector = top_labels.get("kompose.volume.selector", "")
    if scope.options.mends and not is_label_value(selector):
        selector = ""
    claim_name = dns_label(name) if scope.options.mends else resource_name(name)
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
