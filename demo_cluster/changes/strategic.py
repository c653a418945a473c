"""Strategic merge patch: kubectl's own kind of patch, lists merged by key. Pure."""

from __future__ import annotations

import copy
from typing import Any

from demo_cluster.changes.field_sets import UNTYPED, root
from demo_cluster.changes.patches import PatchError, PatchFormatError
from demo_cluster.schema.types import SCALARS, Field, fields_of

_DELETE_LIST = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def strategic_merge_patch(definition: str, target: Any, patch: Any) -> Any:
    """The object after the patch.

    Raises:
        PatchError: The patch does not fit.
    """
    if not isinstance(patch, dict):
        raise PatchError("cannot unmarshal patch into an object")
    return _merge_map(root(definition), target, patch)


def _merge_map(type_field: Field, target: Any, patch: dict[str, Any]) -> Any:
    directive = patch.get("$patch")
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != "$patch"}
    if directive == "delete":
        return {}
    if directive is not None:
        raise _unknown_type(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    if _RETAIN in patch:
        kept = _retained(patch)
        merged = {name: value for name, value in merged.items() if name in kept}
    fields = {} if type_field.is_map else fields_of(type_field.element)
    map_element = Field("", (), type_field.element) if type_field.is_map else UNTYPED
    for name, value in patch.items():
        if name.startswith("$"):
            continue
        field = fields.get(name, map_element)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, list):
            merged[name] = _merge_list(field, merged.get(name), value)
        elif isinstance(value, dict):
            merged[name] = _merge_value(field, merged.get(name), value)
        else:
            merged[name] = value
    _delete_primitives(merged, patch)
    _reorder(fields, target, merged, patch)
    return merged


def _unknown_type(patch: dict[str, Any]) -> PatchError:
    return PatchError(f"unknown patch type: {patch['$patch']} in map: {go_text(patch)}")


def _retained(patch: dict[str, Any]) -> list[Any]:
    """The fields that stay; a patch that sets others contradicts itself."""
    kept = patch[_RETAIN]
    wanted = [name for name, value in patch.items() if not name.startswith("$") and value]
    if not isinstance(kept, list) or not set(wanted) <= set(kept):
        raise PatchFormatError("invalid patch format of retainKeys")
    return kept


def _merge_value(field: Field, target: Any, patch: dict[str, Any]) -> Any:
    if field.patch_strategy == "replace":
        return copy.deepcopy(patch)
    if "retainKeys" in field.patch_strategy and _RETAIN not in patch:
        return _merge_map(field, target, patch)
    return _merge_map(field, target, patch)


def _merge_list(field: Field, target: Any, patch: list[Any]) -> Any:
    if "merge" not in field.patch_strategy or not isinstance(target, list):
        return _plain_items(field, patch)
    if field.element in SCALARS or not field.merge_key:
        return [*target, *(item for item in patch if item not in target)]
    return _merge_items(field, target, patch)


def _plain_items(field: Field, patch: list[Any]) -> list[Any]:
    element = Field("", (), field.element)
    return [
        _merge_map(element, {}, item) if isinstance(item, dict) else item
        for item in patch
        if not (
            isinstance(item, dict)
            and (item.get("$patch") in ("delete", "replace") and len(item) <= 2)
        )
    ]


def _merge_items(field: Field, target: list[Any], patch: list[Any]) -> list[Any]:
    key = field.merge_key
    element = Field("", (), field.element)
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [copy.deepcopy(item) for item in patch if "$patch" not in item]
    merged = list(target)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise PatchError(f"map: {go_text(item)} does not contain declared merge key: {key}")
        places = [index for index, own in enumerate(merged) if own.get(key) == item[key]]
        if item.get("$patch") == "delete":
            merged = [own for own in merged if own.get(key) != item[key]]
        elif item.get("$patch") == "merge":
            raise PatchError("merging lists cannot yet be specified in the patch")
        elif "$patch" in item:
            raise _unknown_type(item)
        elif places:
            merged[places[0]] = _merge_map(element, merged[places[0]], item)
        else:
            merged.append(_merge_map(element, {}, item))
    return merged


def _delete_primitives(merged: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, values in patch.items():
        if name.startswith(_DELETE_LIST):
            if not isinstance(values, list):
                raise PatchFormatError("invalid patch format of primitive list")
            field = name[len(_DELETE_LIST) :]
            merged[field] = [value for value in merged.get(field, []) if value not in values]


def _reorder(
    fields: dict[str, Field], target: Any, merged: dict[str, Any], patch: dict[str, Any]
) -> None:
    """Order merged lists as the patch states it, or as the patch's own items come.

    Follows normalizeElementOrder: the server's other items keep their places between them.
    """
    for name, field in fields.items():
        items, own = merged.get(name), patch.get(name)
        if not isinstance(items, list) or "merge" not in field.patch_strategy:
            continue
        order = patch.get(_ORDER + name, own)
        if not isinstance(order, list):
            if _ORDER + name in patch:
                raise PatchFormatError("invalid patch format of setElementOrder list")
            continue
        key = field.merge_key
        if _ORDER + name in patch and isinstance(own, list):
            _check_order(own, order, key)
        wanted = [_identity(entry, key) for entry in order]
        before = target.get(name) if isinstance(target, dict) else None
        original = [_identity(entry, key) for entry in before or ()]
        merged[name] = _woven(items, wanted, original, key)


def _check_order(own: list[Any], order: list[Any], key: str) -> None:
    """The patch's items stand in the order that it states."""
    left = iter([_identity(entry, key) for entry in order])
    stay = [item for item in own if not (isinstance(item, dict) and "$patch" in item)]
    if not all(_identity(item, key) in left for item in stay):
        raise PatchError(
            f"The order in patch list:\n{go_text(own)}\n doesn't match {_ORDER.rstrip('/')} list:\n"
            f"{go_text(order)}\n"
        )


def _identity(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, dict) else item


def _woven(items: list[Any], wanted: list[Any], original: list[Any], key: str) -> list[Any]:
    by_identity = {_identity(item, key): item for item in items}
    stated = [name for name in wanted if name in by_identity]
    others = [_identity(item, key) for item in items if _identity(item, key) not in wanted]
    places = {name: index for index, name in enumerate(original)}
    woven = []
    while stated and others:
        first, other = stated[0], others[0]
        is_other_first = first in places and places.get(other, len(places)) < places[first]
        woven.append(by_identity[others.pop(0) if is_other_first else stated.pop(0)])
    return [*woven, *(by_identity[name] for name in [*stated, *others])]


def go_text(value: Any) -> str:
    """A value as Go's %v prints it."""
    if isinstance(value, dict):
        inner = " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value))
        return f"map[{inner}]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_text, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)
