"""What a request's path points at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_PATH = re.compile(
    r"^(?P<root>/api/v1|/apis/(?P<group>[^/]+)/[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]*))?"
    r"(?:/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<part>.+))?)?)?$"
)
_CLUSTER_PARTS = frozenset({"finalize", "status"})


@dataclass(frozen=True, slots=True)
class Place:
    """A collection, or one object in it, or a part of that."""

    collection: str
    """Path of the collection."""
    group: str
    namespace: str
    plural: str
    name: str = ""
    part: str = ""

    @property
    def path(self) -> str:
        """Path of the object, "" for a collection."""
        return f"{self.collection}/{self.name}" if self.name else ""

    @property
    def is_custom(self) -> bool:
        """Of a group that no stock server has."""
        return "." in self.group and not self.group.endswith("k8s.io")

    def named(self, name: str) -> Place:
        """An object of the same collection."""
        return Place(self.collection, self.group, self.namespace, self.plural, name)


def place_of(request: dict[str, Any]) -> Place | None:
    """Where a request goes; None when that is no resource."""
    path = str(request.get("path", "")).replace("/api/v1/watch/", "/api/v1/")
    match = _PATH.match(path)
    if match is None:
        return None
    root, group = match["root"], match["group"] or ""
    namespace, plural = match["namespace"], match["plural"]
    name, part = unquote(match["name"] or ""), match["part"] or ""
    if namespace is not None and (plural is None or plural in _CLUSTER_PARTS):
        return Place(f"{root}/namespaces", group, "", "namespaces", namespace, plural or "")
    if plural is None:
        return None
    if namespace:
        base = f"{root}/namespaces/{namespace}/{plural}"
        return Place(base, group, namespace, plural, name, part)
    return Place(f"{root}/{plural}", group, "", plural, name, part)
