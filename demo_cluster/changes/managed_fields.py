"""Who owns which field: managedFields after a write, and server-side apply. Pure.

Follows structured-merge-diff's Updater; times are set by the caller's clock.
"""

from __future__ import annotations

import contextlib
import copy
from dataclasses import dataclass
from typing import Any

from demo_cluster.changes.field_sets import (
    UNTYPED,
    Comparison,
    Path,
    PathSet,
    children,
    compare,
    describe,
    field_set,
    from_fields_v1,
    key_element,
    root,
    shape_of,
    to_fields_v1,
)
from demo_cluster.kinds import Obj
from demo_cluster.schema.types import Field
from demo_cluster.status import Failure

_UNMANAGED = frozenset(
    f"f:{name}"
    for name in (
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    )
)
"""What of the metadata nobody owns."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, how, and where."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two entries the same one."""
        return (self.manager, self.operation, self.api_version, self.subresource)


@dataclass(frozen=True, slots=True)
class Ownership:
    """One entry of managedFields."""

    writer: Writer
    paths: PathSet
    time: str
    given: Obj | None = None
    """The entry that this was read from, while it still says the same."""

    def entry(self) -> Obj:
        """As the API writes it."""
        if self.given is not None:
            return self.given
        entry: Obj = {
            "manager": self.writer.manager,
            "operation": self.writer.operation,
            "apiVersion": self.writer.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields_v1(self.paths),
        }
        if self.writer.subresource:
            entry["subresource"] = self.writer.subresource
        return entry

    def without(self, paths: PathSet) -> Ownership:
        """What is left when these paths belong to somebody else, or are gone."""
        if self.paths.isdisjoint(paths):
            return self
        return Ownership(self.writer, self.paths - paths, self.time)

    def grown(self, more: PathSet, now: str) -> Ownership:
        """The same with paths that its writer changed now."""
        if not more:
            return self
        if self.given is not None and more <= self.paths:
            return Ownership(self.writer, self.paths, now, {**self.given, "time": now})
        return Ownership(self.writer, self.paths | more, now)


def ownerships(obj: Obj) -> list[Ownership]:
    """What an object's managedFields say."""
    return [
        Ownership(
            Writer(
                entry.get("manager", ""),
                entry.get("operation", ""),
                entry.get("apiVersion", ""),
                entry.get("subresource", ""),
            ),
            from_fields_v1(entry.get("fieldsV1") or {}),
            entry.get("time", ""),
            entry,
        )
        for entry in obj["metadata"].get("managedFields") or ()
    ]


def _managed(paths: PathSet) -> PathSet:
    return frozenset(path for path in paths if _is_managed(path))


def _is_managed(path: Path) -> bool:
    if path[0] == "f:metadata":
        return len(path) > 1 and path[1] not in _UNMANAGED
    return path[0] not in ("f:apiVersion", "f:kind")


def _store(obj: Obj, owners: list[Ownership]) -> None:
    kept = [owner for owner in owners if owner.paths]
    kept.sort(
        key=lambda own: (own.writer.operation, own.time, own.writer.manager, own.writer.api_version)
    )
    if kept:
        obj["metadata"]["managedFields"] = [owner.entry() for owner in kept]
    else:
        obj["metadata"].pop("managedFields", None)


def track_update(
    definition: str,
    before: Obj | None,
    after: Obj,
    writer: Writer,
    now: str,
    reset_fields: frozenset[str] = frozenset(),
) -> None:
    """Note in `after` that this writer changed what differs from `before`.

    The owners are those that `after` names, else those of `before`; a list with nothing in it, or
    with one empty entry, forgets them all. `reset_fields` are top-level fields (`f:status`) that a
    plain write never owns.
    """
    old = before or {"metadata": {}}
    given = after["metadata"].pop("managedFields", None)
    if given in ([], [{}]):
        return
    difference = compare(definition, _plain(old), _plain(after))
    changed = _managed(difference.added | difference.modified)
    if not writer.subresource:
        changed = frozenset(path for path in changed if path[0] not in reset_fields)
    owners = [
        owner.without(difference.removed)
        if owner.writer.identity == writer.identity
        else owner.without(changed | difference.removed)
        for owner in _owners(old, given)
    ]
    _store(after, _with(owners, writer, changed, now))


def _owners(old: Obj, given: Any) -> list[Ownership]:
    """Those that a write names, where they can be read; else those that were."""
    if given:
        with contextlib.suppress(AttributeError, TypeError, ValueError):
            return ownerships({"metadata": {"managedFields": given}})
    return ownerships(old)


def _with(owners: list[Ownership], writer: Writer, more: PathSet, now: str) -> list[Ownership]:
    for index, owner in enumerate(owners):
        if owner.writer.identity == writer.identity:
            owners[index] = owner.grown(more, now)
            return owners
    return [*owners, Ownership(writer, more, now)] if more else owners


def _plain(obj: Obj) -> Obj:
    meta = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    return {**obj, "metadata": meta}


def apply(
    definition: str, live: Obj, config: Obj, writer: Writer, *, is_forced: bool, now: str
) -> Obj:
    """The live object after a server-side apply; for a new one, `live` is bare.

    Raises:
        Failure: 409, other managers own what would change.
    """
    stated = _managed(field_set(definition, _without_status(config, writer)))
    wanted = _without_status(config, writer)
    merged = merge(root(definition), _plain(live), wanted)
    owners = ownerships(live)
    previous = next(
        (own.paths for own in owners if own.writer.identity == writer.identity), frozenset()
    )
    others = [own for own in owners if own.writer.identity != writer.identity]
    kept = stated.union(*(own.paths for own in others))
    merged = _pruned(root(definition), merged, previous - stated, kept, ())
    difference = compare(definition, _plain(live), merged)
    others = _without_conflicts(others, difference, is_forced=is_forced)
    others = [own.without(difference.removed) for own in others]
    time = next((own.time for own in owners if own.writer.identity == writer.identity), now)
    if stated != previous or difference.added | difference.modified | difference.removed:
        time = now
    applied: Obj = copy.deepcopy(merged)
    _store(applied, [*others, Ownership(writer, stated, time)])
    return applied


def _without_status(config: Obj, writer: Writer) -> Obj:
    if writer.subresource:
        return config
    return {name: value for name, value in config.items() if name != "status"}


def _without_conflicts(
    others: list[Ownership], difference: Comparison, *, is_forced: bool
) -> list[Ownership]:
    changed = _managed(difference.added | difference.modified)
    conflicts = [(own.writer, own.paths & changed) for own in others if own.paths & changed]
    if conflicts and not is_forced:
        raise _conflict(conflicts)
    return [own.without(changed) for own in others]


def _conflict(conflicts: list[tuple[Writer, PathSet]]) -> Failure:
    named = [
        (_named(writer), describe(path)) for writer, paths in conflicts for path in sorted(paths)
    ]
    named.sort()
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {name}", "field": field}
        for name, field in named
    ]
    if len(named) == 1:
        name, field = named[0]
        text = f"Apply failed with 1 conflict: conflict with {name}: {field}"
    else:
        lines = []
        for name in dict.fromkeys(name for name, _ in named):
            lines.append(f"conflicts with {name}:")
            lines += [f"- {field}" for other, field in named if other == name]
        text = f"Apply failed with {len(named)} conflicts: " + "\n".join(lines)
    return Failure(409, "Conflict", text, {"causes": causes})


def _named(writer: Writer) -> str:
    name = f'"{writer.manager}"'
    if writer.subresource:
        name += f' with subresource "{writer.subresource}"'
    if writer.operation == "Update":
        name += f" using {writer.api_version}"
    return name


def merge(type_field: Field, live: Any, config: Any) -> Any:
    """The live value with everything in it that the config states."""
    shape = shape_of(type_field, config)
    if shape.form == "leaf" or type(live) is not type(config):
        return copy.deepcopy(config)
    if shape.form in ("struct", "map"):
        merged = dict(live)
        for element, inner_type, inner in children(shape, config):
            name = element[2:]
            merged[name] = merge(inner_type, live.get(name), inner)
        return merged
    if shape.form == "set":
        return [*live, *(item for item in config if item not in live)]
    return _merged_items(shape.keys, shape.element, live, config)


def _merged_items(keys: tuple[str, ...], element: Field, live: list[Any], config: list[Any]) -> Any:
    """Items in the order of the config; those of others keep their places between them."""
    present = {key_element(keys, item): item for item in live}
    stated = {key_element(keys, item): item for item in config}
    order = [key for key in present if key not in stated or key in present]
    merged = {
        key: merge(element, present[key], stated[key]) if key in stated else present[key]
        for key in order
    }
    for key, item in stated.items():
        if key not in merged:
            merged[key] = copy.deepcopy(item)
    positions = iter(stated)
    return [merged[next(positions)] if key in stated else merged[key] for key in merged]


def _pruned(
    type_field: Field, value: Any, gone: PathSet, kept: PathSet, path: tuple[str, ...]
) -> Any:
    """The value without the fields in `gone` that nobody else keeps."""
    if not gone:
        return value
    shape = shape_of(type_field, value)
    if shape.form == "leaf":
        return value
    survivors: list[tuple[str, Any]] = []
    for element, inner_type, inner in children(shape, value):
        here = (*path, element)
        below = frozenset(entry for entry in gone if entry[: len(here)] == here)
        if not below:
            survivors.append((element, inner))
            continue
        is_kept = any(entry[: len(here)] == here for entry in kept)
        left = _pruned(inner_type, inner, below - {here}, kept, here)
        if here in below and not is_kept:
            continue
        if not is_kept and isinstance(left, dict | list) and not left and inner_type is not UNTYPED:
            continue
        survivors.append((element, left))
    if isinstance(value, dict):
        return {element[2:]: inner for element, inner in survivors}
    return [inner for _, inner in survivors]
