"""Objects with several managers, made again from the fields that each is recorded to own."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.conformance.manifests import Obj, for_create
from tests.conformance.place import Place
from tests.conformance.result import Exchange
from tests.conformance.stage import Stage


def owners_of(obj: Obj) -> list[Obj]:
    """The recorded entries of managedFields, oldest first."""
    return list((obj.get("metadata") or {}).get("managedFields") or ())


def rebuild(stage: Stage, place: Place, exchange: Exchange, shown: Obj, current: Obj) -> bool:
    """Give the fields to their recorded owners before an apply; whether anything was to do.

    The one who applies now is left out: what he owned before is not known.
    """
    applier = str((exchange["request"].get("query") or {}).get("fieldManager"))
    wanted = _others(shown, applier)
    if wanted == _others(current, applier):
        return True
    entries = [entry for entry in owners_of(shown) if entry.get("manager") != applier]
    if any(entry.get("operation") != "Apply" for entry in entries):
        return False
    own = [
        entry
        for entry in owners_of(current)
        if entry.get("manager") == applier and entry.get("operation") == "Apply"
    ]
    stage.remove_for_good(place.path)
    head = {key: shown[key] for key in ("apiVersion", "kind")}
    for entry, source in [*((e, shown) for e in entries), *((e, current) for e in own)]:
        part = owned_part(source, entry["fieldsV1"])
        part.setdefault("metadata", {})["name"] = place.name
        stage.apply(place.path, {**head, **part}, entry["manager"])
    return True


def _others(obj: Obj, applier: str) -> list[str]:
    return sorted(
        json.dumps(
            [entry.get("manager"), entry.get("operation"), entry.get("fieldsV1")], sort_keys=True
        )
        for entry in owners_of(obj)
        if entry.get("manager") != applier
    )


def owned_part(obj: Obj, fields: Obj) -> Obj:
    """The part of an object that a field set names."""
    part = _part(for_create(obj), fields)
    return part if isinstance(part, dict) else {}


def _part(value: Any, fields: Obj) -> Any:
    if not any(name != "." for name in fields):
        return value
    if isinstance(value, dict):
        made = {}
        for name, inner in fields.items():
            key = name[2:]
            if name.startswith("f:") and key in value:
                made[key] = _part(value[key], inner)
        return made
    if isinstance(value, list):
        return [_keyed(value, name, inner) for name, inner in fields.items() if name != "."]
    return value


def _keyed(items: list[Any], name: str, inner: Obj) -> Any:
    wanted = json.loads(name[2:])
    for item in items:
        if name.startswith("k:") and all(item.get(k) == v for k, v in wanted.items()):
            return {**_part(item, inner), **wanted}
        if name.startswith("v:") and item == wanted:
            return item
    return wanted


def owned_by(obj: Obj | None, manager: str) -> bool:
    """Whether this manager owns anything of the object."""
    return any(entry.get("manager") == manager for entry in owners_of(obj or {}))


def set_otherwise(obj: Obj, stated: Obj, field: str) -> None:
    """Give a field (`.spec.list[name="m"].image`) another value than `stated` has."""
    *parents, last = _STEPS.findall(field)
    here: Any = obj
    there: Any = stated
    for name, key in parents:
        there = _step(there, name, key)
        inner = _step(here, name, key)
        if inner is None and isinstance(here, dict) and not key:
            inner = here.setdefault(name, {})
        elif inner is None and isinstance(here, dict) and here.get(name):
            inner = here[name][0]
            inner["name"] = key
        here = inner
    name = last[0]
    if not isinstance(here, dict):
        return
    value = there.get(name) if isinstance(there, dict) else None
    if here.get(name) is not None and here.get(name) != value:
        return
    here[name] = (
        1 if isinstance(value, int) and value != 1 else 2 if isinstance(value, int) else "1"
    )


_STEPS = re.compile(r'\.([\w-]+)(?:\[name="([^"]+)"\])?')


def _step(value: Any, name: str, key: str) -> Any:
    inner = value.get(name) if isinstance(value, dict) else None
    if not key:
        return inner
    return next((item for item in inner or () if item.get("name") == key), None)
