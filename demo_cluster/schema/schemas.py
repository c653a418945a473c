"""The schemas of types, from the table of types, what is published of them, and their texts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from demo_cluster.kinds import KINDS, Obj
from demo_cluster.schema.openapi_paths import OLD_REF, REF
from demo_cluster.schema.published import Published, published, registered_versions
from demo_cluster.schema.reference import texts_of, with_values
from demo_cluster.schema.types import (
    FIELDS,
    INT_OR_STRING,
    LIST_META,
    META,
    MICRO_TIME,
    OBJECT_META,
    OPAQUE,
    QUANTITY,
    RAW,
    SCALARS,
    TIME,
    Field,
    definition_of_kind,
    fields_of,
    is_atomic,
)

_SCALARS: dict[str, Obj] = {
    "string": {"type": "string"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "double": {"type": "number", "format": "double"},
}
_ZEROS: dict[str, object] = {"string": "", "int32": 0, "int64": 0, "bool": False, "double": 0}
_DATE: Obj = {"type": "string", "format": "date-time"}
_TEXTUAL: dict[str, Obj] = {
    TIME: _DATE,
    MICRO_TIME: _DATE,
    f"{META}.Duration": {"type": "string"},
    QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    INT_OR_STRING: {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    RAW: {"type": "object"},
    FIELDS: {"type": "object"},
}
"""Types that are no objects in JSON, or ones with any fields."""
_OLD_TEXTUAL: dict[str, Obj] = {
    QUANTITY: {"type": "string"},
    INT_OR_STRING: {"type": "string", "format": "int-or-string"},
}
_SPEAKS_OF_EVERY_GROUP = frozenset({f"{META}.DeleteOptions", f"{META}.WatchEvent"})
_CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
TYPE_TEXTS = {
    "apiVersion": (
        "APIVersion defines the versioned schema of this representation of an object. Servers "
        "should convert recognized schemas to the latest internal value, and may reject "
        f"unrecognized values. More info: {_CONVENTIONS}#resources"
    ),
    "kind": (
        "Kind is a string value representing the REST resource this object represents. Servers "
        "may infer this from the endpoint the client submits requests to. Cannot be updated. In "
        f"CamelCase. More info: {_CONVENTIONS}#types-kinds"
    ),
}
METADATA_TEXTS = {
    OBJECT_META: f"Standard object's metadata. More info: {_CONVENTIONS}#metadata",
    LIST_META: f"Standard list metadata. More info: {_CONVENTIONS}#types-kinds",
}


def closure(names: Iterable[str]) -> dict[str, Obj]:
    """The schemas of these types and of every type that they need, sorted."""
    found: dict[str, Obj] = {}
    waiting = list(names)
    while waiting:
        current = waiting.pop()
        if current not in found:
            found[current] = schema(current)
            waiting += _needed_by(current)
    return dict(sorted(found.items()))


def _needed_by(definition: str) -> list[str]:
    if definition in _TEXTUAL or definition in OPAQUE:
        return []
    elements = [field.element for field in fields_of(definition).values()]
    return [each for each in elements if "." in each and not _is_list_of_strings(each)]


def _is_list_of_strings(definition: str) -> bool:
    return definition.endswith((".Verbs", ".ExtraValue"))


@cache
def schema(definition: str) -> Obj:
    """The schema of one type. It is shared: nobody changes it."""
    texts = texts_of(definition)
    facts = published(definition)
    shown: Obj = {"description": texts[""]} if texts.get("") else {}
    if definition in _TEXTUAL:
        shown.update(_TEXTUAL[definition])
    elif definition in OPAQUE:
        pass
    else:
        shown.update(_object(definition, texts, facts))
    groups = _kinds_of_type(definition, facts)
    if groups:
        shown["x-kubernetes-group-version-kind"] = groups
    return shown


def _object(definition: str, texts: dict[str, str], facts: Published) -> Obj:
    fields = fields_of(definition)
    shown: Obj = {"type": "object"}
    required = _required(fields, facts)
    if required:
        shown["required"] = required
    properties = {
        name: _property(field, texts.get(name, _known_text(field)), facts)
        for name, field in fields.items()
    }
    if facts.object:
        properties.update(type_properties())
    if properties:
        shown["properties"] = dict(sorted(properties.items()))
    if is_atomic(definition):
        shown["x-kubernetes-map-type"] = "atomic"
    if facts.unions:
        shown["x-kubernetes-unions"] = facts.unions
    return shown


def type_properties() -> dict[str, Obj]:
    """`apiVersion` and `kind`, as every object has them."""
    return {name: {"description": text, "type": "string"} for name, text in TYPE_TEXTS.items()}


def _required(fields: dict[str, Field], facts: Published) -> list[str]:
    if facts.required is not None:
        return list(facts.required)
    needed = [field for field in fields.values() if field.is_required]
    return [field.name for field in sorted(needed, key=lambda each: (each.numbers[-1], each.name))]


def _known_text(field: Field) -> str:
    return METADATA_TEXTS.get(field.type, "") if field.name == "metadata" else ""


def _property(field: Field, text: str, facts: Published) -> Obj:
    values = facts.enums.get(field.name)
    if values and not field.is_list and not field.is_map:
        text = with_values(text, values)
    shown: Obj = {"description": text} if text else {}
    default = _default(field, facts)
    if field.is_list:
        shown.update({"type": "array", "items": _element(field.element, values)})
    elif field.is_map:
        shown.update({"type": "object", "additionalProperties": _element(field.element, values)})
    elif field.element in SCALARS:
        shown.update(_SCALARS[field.element])
        if default is not None:
            shown["default"] = default
        if values:
            shown["enum"] = values
    elif _is_list_of_strings(field.element):
        shown.update({"type": "array", "items": {"type": "string"}})
    elif field.name in facts.bare:
        shown = {"$ref": REF + field.element}
    else:
        if default is not None:
            shown["default"] = default
        shown["allOf"] = [{"$ref": REF + field.element}]
    shown.update(_merge_rules(field, facts))
    return shown


def _default(field: Field, facts: Published) -> object:
    if field.name in facts.defaults:
        return facts.defaults[field.name]
    if field.is_pointer or field.element in _TEXTUAL:
        return None
    if field.element in SCALARS:
        return _ZEROS.get(field.type) if field.is_required else None
    return {}


def _element(type_: str, values: list[str] | None) -> Obj:
    if type_ in SCALARS:
        return {**_SCALARS[type_], "enum": values} if values else dict(_SCALARS[type_])
    if _is_list_of_strings(type_):
        return {"type": "array", "items": {"type": "string"}}
    return {"$ref": REF + type_}


def _merge_rules(field: Field, facts: Published) -> Obj:
    rules: Obj = {}
    if field.list_keys:
        rules["x-kubernetes-list-map-keys"] = list(field.list_keys)
    if field.list_type:
        rules["x-kubernetes-list-type"] = field.list_type
    if field.merge_key:
        rules["x-kubernetes-patch-merge-key"] = field.merge_key
    if field.patch_strategy:
        rules["x-kubernetes-patch-strategy"] = field.patch_strategy
    map_type = facts.maps.get(field.name) or ("atomic" if field.is_atomic_map else "")
    if map_type:
        rules["x-kubernetes-map-type"] = map_type
    return rules


def gvk(group: str, version: str, kind: str) -> Obj:
    """A group, version and kind, as the documents write it."""
    return {"group": group, "kind": kind, "version": version}


def _kinds_of_type(definition: str, facts: Published) -> list[Obj]:
    package, _, kind = definition.rpartition(".")
    if definition in _SPEAKS_OF_EVERY_GROUP:
        return [gvk(group, version, kind) for group, version in registered_versions()]
    if not facts.object or package not in _packages():
        return []
    return [gvk(*_packages()[package], kind)]


@cache
def _packages() -> dict[str, tuple[str, str]]:
    """Group and version by the beginning of their types' names."""
    named = {definition_of_kind(kind).rpartition(".")[0]: kind for kind in KINDS}
    return {META: ("", "v1")} | {
        package: (kind.group, kind.version) for package, kind in named.items() if package
    }


def old_form(value: Obj, definition: str = "", *, keeps_defaults: bool = False) -> Obj:
    """A schema in the older form: with texts beside a reference, and mostly without defaults."""
    if definition in _OLD_TEXTUAL:
        kept = {name: each for name, each in value.items() if name not in ("oneOf", "format")}
        return {**kept, **_OLD_TEXTUAL[definition]}
    shown: Obj = {}
    for name, inner in value.items():
        if name == "allOf":
            shown["$ref"] = inner[0]["$ref"].replace(REF, OLD_REF)
        elif name == "$ref":
            shown["$ref"] = inner.replace(REF, OLD_REF)
        elif name == "properties":
            shown["properties"] = {
                each: old_form(schema_, keeps_defaults=keeps_defaults)
                for each, schema_ in inner.items()
            }
        elif name in ("items", "additionalProperties") and isinstance(inner, dict):
            shown[name] = old_form(inner, keeps_defaults=keeps_defaults)
        elif name != "default" or keeps_defaults:
            shown[name] = inner
    return shown
