"""Discovery documents in protobuf. Pure.

Follows the messages of k8s.io/apimachinery's meta/v1 and k8s.io/api's apidiscovery/v2; as there,
texts and truths are written even when they are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.protobuf_parts import part, varint

_MAGIC = b"k8s\x00"
_Fields = Mapping[int, tuple[str, str]]
"""Field numbers, names, and what they are: text, truth, texts, or (many of) another message."""

_MESSAGES: dict[str, _Fields] = {
    "APIVersions": {1: ("versions", "texts"), 2: ("serverAddressByClientCIDRs", "many Address")},
    "APIGroupList": {1: ("groups", "many APIGroup")},
    "APIGroup": {
        1: ("name", "text"),
        2: ("versions", "many Version"),
        3: ("preferredVersion", "Version"),
        4: ("serverAddressByClientCIDRs", "many Address"),
    },
    "APIResourceList": {1: ("groupVersion", "text"), 2: ("resources", "many APIResource")},
    "APIResource": {
        1: ("name", "text"),
        2: ("namespaced", "truth"),
        3: ("kind", "text"),
        4: ("verbs", "verbs"),
        5: ("shortNames", "texts"),
        6: ("singularName", "text"),
        7: ("categories", "texts"),
        8: ("group", "text"),
        9: ("version", "text"),
        10: ("storageVersionHash", "text"),
    },
    "Version": {1: ("groupVersion", "text"), 2: ("version", "text")},
    "Address": {1: ("clientCIDR", "text"), 2: ("serverAddress", "text")},
    "Verbs": {1: ("items", "texts")},
    "APIGroupDiscoveryList": {1: ("metadata", "ListMeta"), 2: ("items", "many Group")},
    "Group": {1: ("metadata", "ObjectMeta"), 2: ("versions", "many GroupVersion")},
    "GroupVersion": {
        1: ("version", "text"),
        2: ("resources", "many Resource"),
        3: ("freshness", "text"),
    },
    "Resource": {
        1: ("resource", "text"),
        2: ("responseKind", "Kind"),
        3: ("scope", "text"),
        4: ("singularResource", "text"),
        5: ("verbs", "texts"),
        6: ("shortNames", "texts"),
        7: ("categories", "texts"),
        8: ("subresources", "many Part"),
    },
    "Part": {1: ("subresource", "text"), 2: ("responseKind", "Kind"), 4: ("verbs", "texts")},
    "Kind": {1: ("group", "text"), 2: ("version", "text"), 3: ("kind", "text")},
    "ListMeta": {
        1: ("selfLink", "text"),
        2: ("resourceVersion", "text"),
        3: ("continue", "text"),
    },
    "ObjectMeta": {
        1: ("name", "text"),
        2: ("generateName", "text"),
        3: ("namespace", "text"),
        4: ("selfLink", "text"),
        5: ("uid", "text"),
        6: ("resourceVersion", "text"),
        7: ("generation", "truth"),
        8: ("creationTimestamp", "Time"),
    },
    "Time": {},
    "TypeMeta": {1: ("apiVersion", "text"), 2: ("kind", "text")},
}


def encoded(document: Obj) -> bytes:
    """The document in the envelope that every protobuf answer has."""
    kind = document["kind"]
    meta = {"apiVersion": document.get("apiVersion", "v1"), "kind": kind}
    return b"".join(
        (
            _MAGIC,
            part(1, _message("TypeMeta", meta)),
            part(2, _message(kind, document)),
            part(3, b""),
            part(4, b""),
        )
    )


def _message(name: str, value: Obj) -> bytes:
    fields = _MESSAGES[name].items()
    return b"".join(_field(number, form, value.get(key)) for number, (key, form) in fields)


def _field(number: int, form: str, value: Any) -> bytes:
    if form == "text":
        return part(number, str(value or "").encode())
    if form == "truth":
        return varint(number << 3) + (b"\x01" if value else b"\x00")
    if form == "texts":
        return b"".join(part(number, str(text).encode()) for text in value or ())
    if form == "verbs":
        return part(number, _message("Verbs", {"items": value or ()}))
    if form.startswith("many "):
        inner = form.removeprefix("many ")
        return b"".join(part(number, _message(inner, each)) for each in value or ())
    return part(number, _message(form, value or {}))
