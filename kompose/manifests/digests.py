"""A digest of the configs that a pod reads at its start, so that it is replaced when they change.

Mended manifests only: compose makes a container anew when its env file or config is another one,
and a cluster does not. Who reads pods may not read their secrets, so a secret goes through a slow
hash first: a guess costs time and memory.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import scrypt, sha256
from typing import Any

from kompose.manifests.references import references

_Contents = Mapping[tuple[str, str], str]
"""What stands for the content of each ConfigMap and Secret, by kind and name."""

CONFIG_DIGEST = "kompose.config-digest"
_DIGITS = 16
_GUESS = {"n": 2**13, "r": 8, "p": 1}
"""What a guess at a secret costs: some 20 ms and 8 MiB."""
_PARTS = ("data", "binaryData", "stringData")
_SOURCES = frozenset(("ConfigMap", "Secret"))
_TEMPLATE = ("spec", "template")
_PODS = {"Pod": (), "CronJob": ("spec", "jobTemplate", *_TEMPLATE)}
"""Where the pod stands in an object of a kind."""


def with_digests(objects: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects; pods that read ConfigMaps or Secrets of the same project say which content."""
    found = list(objects)
    contents: _Contents = {
        (each["kind"], each["metadata"]["name"]): _content(each)
        for each in found
        if each["kind"] in _SOURCES
    }
    if not contents:
        return found
    annotate = partial(_annotated, contents=contents)
    return [_changed(each, _PODS.get(each["kind"], _TEMPLATE), annotate) for each in found]


def _content(source: Mapping[str, Any]) -> str:
    """The content of a ConfigMap; of a Secret what does not tell it."""
    text = json.dumps({part: source[part] for part in _PARTS if part in source}, sort_keys=True)
    if source["kind"] != "Secret":
        return text
    return scrypt(text.encode(), salt=source["metadata"]["name"].encode(), **_GUESS).hex()


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
        for kind, name in references(pod.get("spec"))
        if (kind, name) in contents
    }
    if not read:
        return pod
    text = json.dumps(read, sort_keys=True)
    digest = sha256(text.encode()).hexdigest()[:_DIGITS]
    meta = pod.get("metadata") or {}
    annotations = {**(meta.get("annotations") or {}), CONFIG_DIGEST: digest}
    return {**pod, "metadata": {**meta, "annotations": dict(sorted(annotations.items()))}}
