"""Which fields an object has, and which of them changed: the sets behind managedFields. Pure.

A path is a tuple of elements as FieldsV1 writes them: `f:spec`, `k:{"name":"m"}`, `v:"x"`.
Follows structured-merge-diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from demo_cluster.schema.types import (
    OPAQUE,
    SCALARS,
    TEXTUAL,
    Field,
    fields_of,
    is_atomic,
)

Path: TypeAlias = tuple[str, ...]
PathSet: TypeAlias = frozenset[Path]

UNTYPED = Field("", (), "")
"""A value whose type nobody knows: maps merge, lists are replaced."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a value is cut into fields."""

    form: str
    """leaf, struct, map, keyed (list of maps with keys) or set."""
    fields: dict[str, Field] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    element: Field = UNTYPED


_LEAF = Shape("leaf")
_UNTYPED_MAP = Shape("map")


def shape_of(type_field: Field, value: Any) -> Shape:
    """How this value of this field is cut; "leaf" for everything that is replaced as a whole."""
    if isinstance(value, list):
        return _list_shape(type_field)
    if not isinstance(value, dict):
        return _LEAF
    if not type_field.type:
        return _UNTYPED_MAP
    if type_field.is_map:
        return _LEAF if type_field.is_atomic_map else Shape("map", element=_element(type_field))
    kind = type_field.element
    if kind in SCALARS | TEXTUAL or kind in OPAQUE:
        return _LEAF
    if type_field.is_atomic_map or is_atomic(kind):
        return _LEAF
    return Shape("struct", fields=fields_of(kind))


def _list_shape(type_field: Field) -> Shape:
    if type_field.list_type == "map":
        return Shape("keyed", keys=type_field.list_keys, element=_element(type_field))
    if type_field.list_type == "set":
        return Shape("set", element=_element(type_field))
    return _LEAF


def _element(type_field: Field) -> Field:
    return Field("", (), type_field.element)


def key_element(keys: tuple[str, ...], item: Any) -> str:
    """`k:{"containerPort":80,"protocol":"TCP"}`."""
    values = ((key, item[key] if key in item else _KEY_DEFAULTS.get(key)) for key in sorted(keys))
    present = tuple((key, value) for key, value in values if value is not None)
    if all(type(value) is str for _, value in present):
        return _named_key(present)
    return _key_text(present)


def _key_text(present: tuple[tuple[str, Any], ...]) -> str:
    return "k:" + json.dumps(dict(present), separators=(",", ":"), ensure_ascii=False)


_named_key = lru_cache(4096)(_key_text)


_KEY_DEFAULTS = {"protocol": "TCP"}


def children(shape: Shape, value: Any) -> Iterator[tuple[str, Field, Any]]:
    """The parts of a value: path element, type and value of each."""
    if shape.form == "struct":
        for name, inner in value.items():
            yield f"f:{name}", shape.fields.get(name, UNTYPED), inner
    elif shape.form == "map":
        for name, inner in value.items():
            yield f"f:{name}", shape.element, inner
    elif shape.form == "keyed":
        for item in value:
            yield key_element(shape.keys, item), shape.element, item
    elif shape.form == "set":
        for item in value:
            yield "v:" + json.dumps(item, separators=(",", ":")), UNTYPED, item


def field_set(definition: str, obj: Any) -> PathSet:
    """Every field that an applied object states."""
    return frozenset(_stated(root(definition), obj, (), is_item=False))


def root(definition: str) -> Field:
    """The whole object as a field of its kind's type."""
    return Field("", (), definition)


def _stated(type_field: Field, value: Any, path: Path, *, is_item: bool) -> Iterator[Path]:
    shape = shape_of(type_field, value)
    parts = list(children(shape, value)) if shape.form != "leaf" else []
    if is_item or not parts:
        yield path
    for element, inner_type, inner in parts:
        yield from _stated(
            inner_type, inner, (*path, element), is_item=element.startswith(("k:", "v:"))
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one object has that another has not, and what differs."""

    added: PathSet
    modified: PathSet
    removed: PathSet


def compare(definition: str, before: Any, after: Any) -> Comparison:
    """The fields in which two objects differ."""
    added: set[Path] = set()
    modified: set[Path] = set()
    removed: set[Path] = set()
    _compare(root(definition), before, after, (), (added, modified, removed))
    return Comparison(frozenset(added), frozenset(modified), frozenset(removed))


_ABSENT = object()


def _compare(
    type_field: Field,
    before: Any,
    after: Any,
    path: Path,
    found: tuple[set[Path], set[Path], set[Path]],
) -> None:
    if before == after:
        return
    added, modified, removed = found
    if before is _ABSENT or after is _ABSENT:
        target, value = (added, after) if before is _ABSENT else (removed, before)
        target.update(_everything(type_field, value, path))
        return
    shape, other = shape_of(type_field, after), shape_of(type_field, before)
    if shape.form == "leaf" or shape.form != other.form:
        modified.add(path)
        return
    old = {element: inner for element, _, inner in children(other, before)}
    new = {element: (inner_type, inner) for element, inner_type, inner in children(shape, after)}
    for element, (inner_type, inner) in new.items():
        if element in old and old[element] == inner:
            continue
        missing = _ABSENT if element.startswith(("k:", "v:")) else _zero(inner_type)
        present = old.get(element, missing)
        _compare(inner_type, present, inner, (*path, element), found)
    if old.keys() <= new.keys():
        return
    for element, inner_type, inner in children(other, before):
        if element not in new:
            _compare(inner_type, inner, _ABSENT, (*path, element), found)


def _zero(type_field: Field) -> Any:
    """What a field without a value counts as: Go writes empty structs and required lists."""
    if type_field.is_list:
        return [] if type_field.is_required else _ABSENT
    if type_field.is_map or type_field.is_pointer or not type_field.type:
        return _ABSENT
    return {} if fields_of(type_field.type) and not is_atomic(type_field.type) else _ABSENT


def _everything(type_field: Field, value: Any, path: Path) -> Iterator[Path]:
    """All paths of a value that is wholly new or gone, those of its containers included."""
    if path:
        yield path
    for element, inner_type, inner in children(shape_of(type_field, value), value):
        yield from _everything(inner_type, inner, (*path, element))


def to_fields_v1(paths: PathSet) -> dict[str, Any]:
    """The paths as the tree that managedFields carry."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _without_plain_dots(tree)


def _without_plain_dots(tree: dict[str, Any]) -> dict[str, Any]:
    if set(tree) == {"."}:
        return {}
    return {
        element: {} if element == "." else _without_plain_dots(inner)
        for element, inner in tree.items()
    }


def from_fields_v1(tree: dict[str, Any], path: Path = ()) -> PathSet:
    """The paths of a FieldsV1 tree."""
    paths: set[Path] = set()
    for element, inner in tree.items():
        if element == ".":
            paths.add(path)
        elif not inner:
            paths.add((*path, element))
        else:
            paths |= from_fields_v1(inner, (*path, element))
    return frozenset(paths)


def describe(path: Path) -> str:
    """`.spec.containers[name="m"].image`, as conflicts name a field."""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            pairs = json.loads(rest).items()
            inner = ",".join(f"{key}={json.dumps(value)}" for key, value in pairs)
            text += f"[{inner}]"
        else:
            text += f"[={rest}]"
    return text
