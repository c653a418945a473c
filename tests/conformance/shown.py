"""What a recorded answer shows of the objects behind it. Pure."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Any

import yaml

from tests.conformance.alike import normal
from tests.conformance.manifests import Obj
from tests.conformance.place import Place, place_of
from tests.conformance.result import Exchange

_SNAPSHOT_STATUSES = (200, 201, 202)


class Snapshots:
    """The objects that a file shows, wherever it does."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = exchanges

    def of(self, place: Place, index: int, *, only_before: bool = False) -> Obj | None:
        """The object as another exchange of the file shows it: the last one before, or the next."""
        order = [
            *range(index - 1, -1, -1),
            *([] if only_before else range(index, len(self._exchanges))),
        ]
        for number in order:
            exchange = self._exchanges[number]
            if "request" not in exchange:
                continue
            other = place_of(exchange["request"])
            if other is None or other.collection != place.collection:
                continue
            body = object_of(exchange)
            listed = listed_in(exchange["response"]) or []
            shown = [body] if body is not None else [each for each in listed if is_whole(each)]
            for each in shown:
                if each.get("kind") != "Scale" and each["metadata"].get("name") == place.name:
                    return each
        return None


def object_of(exchange: Exchange) -> Obj | None:
    """The one whole object that an answer shows."""
    response = exchange.get("response") or {}
    body = response.get("body")
    if response.get("status") not in _SNAPSHOT_STATUSES or not isinstance(body, dict):
        return None
    request = exchange.get("request") or {}
    if "dryRun" in str(request.get("query")) and request.get("method") == "POST":
        return None
    meta = body.get("metadata")
    if not isinstance(meta, dict) or not meta.get("uid") or not meta.get("name"):
        return None
    if body.get("kind") in ("PartialObjectMetadata", "Table"):
        return None
    return body


def body_of(response: Obj) -> Any:
    """The body of an answer as a value, also where it was kept as text."""
    body = response.get("body")
    if not isinstance(body, str):
        return body
    try:
        return yaml.safe_load(body)
    except yaml.YAMLError:
        return body


def listed_in(response: Obj) -> list[Obj] | None:
    """The objects (or their metadata) that a list, a Table or a watch's beginning shows."""
    body = body_of(response)
    if isinstance(body, dict) and isinstance(body.get("items"), list):
        kind = str(body.get("kind", "")).removesuffix("List")
        version = body.get("apiVersion")
        if kind == "PartialObjectMetadata":
            return [{"metadata": item.get("metadata") or {}} for item in body["items"]]
        return [{"kind": kind, "apiVersion": version, **item} for item in body["items"]]
    if isinstance(body, dict) and isinstance(body.get("rows"), list):
        listed = [row.get("object") or {} for row in body["rows"]]
        if all(each.get("metadata") for each in listed):
            pairs = zip(body["rows"], listed, strict=True)
            return [{"metadata": each["metadata"], "row": row} for row, each in pairs]
        return None if listed else []
    return None


def version_of(request: Obj) -> str:
    """The recorded version of the past that a list asks for, "" for the present."""
    query = request.get("query") or {}
    token = str(query.get("continue", ""))
    if token:
        try:
            parts = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except ValueError:
            return ""
        return str(parts.get("rv", ""))
    return str(query.get("resourceVersion", ""))


def is_whole(item: Obj) -> bool:
    """More than metadata is known of it."""
    return set(item) - {"metadata", "row"} != set()


def key_of(meta: Obj) -> tuple[str, str]:
    """Namespace and name; generated parts of a name do not count."""
    return str(meta.get("namespace", "")), str(normal(meta.get("name", "")))
