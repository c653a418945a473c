"""The schemas of custom kinds, as their definitions give them and as the documents show them.

Follows the builder of the API extensions' server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.openapi_paths import REF
from demo_cluster.schema.operations import schema_name
from demo_cluster.schema.schemas import METADATA_TEXTS, gvk, old_form, type_properties
from demo_cluster.schema.types import LIST_META, OBJECT_META

_UNKNOWN, _EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"
_CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
_JUNCTORS = ("allOf", "oneOf", "anyOf", "not")
_EMBEDDED_TEXTS = {
    "apiVersion": (
        "apiVersion defines the versioned schema of this representation of an object. More info: "
        f"{_CONVENTIONS}#resources"
    ),
    "kind": (
        "kind is a string value representing the type of this object. In CamelCase. More info: "
        f"{_CONVENTIONS}#types-kinds"
    ),
}


@dataclass(frozen=True, slots=True)
class CustomVersion:
    """One version of a custom kind, with the schema that its definition gives it."""

    kind: Kind
    schema: Obj


def custom_schemas(version: CustomVersion) -> dict[str, Obj]:
    """The schemas of a custom kind and of its lists."""
    if not version.schema:
        return _named(version, {"type": "object"})
    shown: Obj = _with_embedded(_unfolded(version.schema))
    return _named(version, {**shown, "properties": _as_object(shown)})


def old_custom_schemas(version: CustomVersion) -> dict[str, Obj]:
    """The same for the older form, which cannot say as much."""
    if not version.schema or version.schema.get(_UNKNOWN):
        shown: Obj = {"type": "object"}
    else:
        shown = _with_embedded(_simplified(version.schema), is_old=True)
        shown = {**shown, "properties": _as_object(shown)}
    return {
        name: old_form(each, keeps_defaults=True) for name, each in _named(version, shown).items()
    }


def _named(version: CustomVersion, shown: Obj) -> dict[str, Obj]:
    kind, name = version.kind, schema_name(version.kind)
    of_kind = _extensions(version, kind.kind)
    listed = f"{name.rpartition('.')[0]}.{kind.list_kind}"
    return {name: {**shown, **of_kind}, listed: _list_schema(version, name)}


def _extensions(version: CustomVersion, kind: str) -> Obj:
    about = gvk(version.kind.group, version.kind.version, kind)
    shown: Obj = {"x-kubernetes-group-version-kind": [about]}
    if version.kind.selectable_fields:
        fields = [{"fieldPath": path} for path in version.kind.selectable_fields]
        shown["x-kubernetes-selectable-fields"] = fields
    return shown


def _list_schema(version: CustomVersion, name: str) -> Obj:
    kind = version.kind
    text = f"List of {kind.plural}. More info: {_CONVENTIONS}"
    items = {"description": text, "type": "array", "items": {"$ref": REF + name}}
    properties = {**type_properties(), "items": items, "metadata": _pointing_to(LIST_META)}
    return {
        "description": f"{kind.list_kind} is a list of {kind.kind}",
        "type": "object",
        "required": ["items"],
        "properties": dict(sorted(properties.items())),
        **_extensions(version, kind.list_kind),
    }


def _as_object(schema: Obj) -> Obj:
    """The properties of a schema, with those that every object has."""
    own: Obj = schema.get("properties") or {}
    return {**own, **type_properties(), "metadata": _pointing_to(OBJECT_META)}


def _pointing_to(definition: str) -> Obj:
    return {"description": METADATA_TEXTS[definition], "allOf": [{"$ref": REF + definition}]}


def _mapped(schema: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """A schema with this change made to it and to every schema inside it, from the inside out."""
    shown: Obj = dict(schema)
    if isinstance(shown.get("properties"), dict):
        inner: dict[str, Any] = shown["properties"]
        shown["properties"] = {name: _mapped(each, change) for name, each in inner.items()}
    for name in ("items", "additionalProperties"):
        if isinstance(shown.get(name), dict):
            shown[name] = _mapped(shown[name], change)
    return change(shown)


def _unfolded(schema: Obj) -> Obj:
    return _mapped(schema, _with_both_types)


def _with_both_types(schema: Obj) -> Obj:
    if not schema.get("x-kubernetes-int-or-string") or "anyOf" in schema or "allOf" in schema:
        return schema
    return {**schema, "anyOf": [{"type": "integer"}, {"type": "string"}]}


def _with_embedded(schema: Obj, *, is_old: bool = False) -> Obj:
    def change(inner: Obj) -> Obj:
        if not inner.get(_EMBEDDED) or (is_old and inner.get(_UNKNOWN)):
            return inner
        properties = {**(inner.get("properties") or {}), "metadata": _pointing_to(OBJECT_META)}
        for name, text in _EMBEDDED_TEXTS.items():
            properties[name] = {"description": text, "type": "string"}
        required = list(inner.get("required") or ())
        required += [name for name in ("kind", "apiVersion") if name not in required]
        return {**inner, "properties": properties, "required": required}

    return _mapped(schema, change)


def _simplified(schema: Obj) -> Obj:
    """Without what the older form does not know. Follows ToStructuralOpenAPIV2."""
    nullable = {
        name
        for name, each in (schema.get("properties") or {}).items()
        if isinstance(each, dict) and each.get("nullable")
    }
    shown = {name: each for name, each in schema.items() if name not in _JUNCTORS}
    if shown.pop("nullable", False) or shown.get(_UNKNOWN):
        for name in ("items", "properties"):
            shown.pop(name, None)
        if schema.get("nullable") or shown.get("type") == "object":
            shown.pop("type", None)
    if "items" not in shown and shown.get("type") == "array":
        del shown["type"]
    required = [name for name in shown.get("required") or () if name not in nullable]
    shown.pop("required", None)
    if required:
        shown["required"] = required
    if isinstance(shown.get("properties"), dict):
        inner: Obj = shown["properties"]
        shown["properties"] = {name: _simplified(each) for name, each in inner.items()}
    for name in ("items", "additionalProperties"):
        if isinstance(shown.get(name), dict):
            shown[name] = _simplified(shown[name])
    return shown
