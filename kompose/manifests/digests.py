"""A digest of the configs that a pod reads at its start, so that it is replaced when they change.

Mended manifests only: compose makes a container anew when its env file or config is another one,
and a cluster does not.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

_Contents = Mapping[tuple[str, str], Mapping[str, Any]]

CONFIG_DIGEST = "kompose.config-digest"
_DIGITS = 16
_SOURCES = frozenset(("ConfigMap", "Secret"))
_NAMES = {
    "configMap": ("ConfigMap", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
}
"""Where a pod names a source: the kind, and the field with the name."""
_TEMPLATE = ("spec", "template")
_PODS = {"Pod": (), "CronJob": ("spec", "jobTemplate", *_TEMPLATE)}
"""Where the pod stands in an object of a kind."""


def with_digests(objects: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects; pods that read ConfigMaps or Secrets of the same project say which content."""
    found = list(objects)
    contents: _Contents = {
        (each["kind"], each["metadata"]["name"]): {
            part: each[part] for part in ("data", "binaryData", "stringData") if part in each
        }
        for each in found
        if each["kind"] in _SOURCES
    }
    if not contents:
        return found
    annotate = partial(_annotated, contents=contents)
    return [_changed(each, _PODS.get(each["kind"], _TEMPLATE), annotate) for each in found]


def _changed(
    value: dict[str, Any], path: tuple[str, ...], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """The tree with what stands at a path changed; the tree itself where nothing does."""
    if not path:
        return change(value)
    inner = value.get(path[0])
    return value if not inner else {**value, path[0]: _changed(inner, path[1:], change)}


def _annotated(pod: dict[str, Any], contents: _Contents) -> dict[str, Any]:
    read = {
        f"{kind}/{name}": contents[kind, name]
        for kind, name in _sources(pod.get("spec"))
        if (kind, name) in contents
    }
    if not read:
        return pod
    text = json.dumps(read, sort_keys=True)
    digest = sha256(text.encode()).hexdigest()[:_DIGITS]
    meta = pod.get("metadata") or {}
    annotations = {**(meta.get("annotations") or {}), CONFIG_DIGEST: digest}
    return {**pod, "metadata": {**meta, "annotations": dict(sorted(annotations.items()))}}


def _sources(value: Any) -> Iterator[tuple[str, str]]:
    """The kind and name of every source that a part of a pod's spec names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _NAMES and isinstance(inner, Mapping):
                kind, field = _NAMES[key]
                yield kind, str(inner.get(field, ""))
            else:
                yield from _sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sources(inner)
