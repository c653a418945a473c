"""OpenAPI v3 of the served kinds, made from the table of types."""

from __future__ import annotations

from collections.abc import Container, Iterable

from demo_cluster.kinds import Kind, Obj
from demo_cluster.schema.openapi_paths import (
    OPTIONS,
    PATCH,
    REF,
    RESOURCES,
    STATUS,
    announcement,
    paths_of,
    root_of,
)
from demo_cluster.schema.reference import texts_of
from demo_cluster.schema.types import (
    FIELDS,
    INT_OR_STRING,
    META,
    MICRO_TIME,
    OPAQUE,
    QUANTITY,
    RAW,
    TIME,
    Field,
    definition_of_kind,
    fields_of,
    is_atomic,
    is_known,
)

_SCALARS: dict[str, Obj] = {
    "string": {"type": "string", "default": ""},
    "int32": {"type": "integer", "format": "int32", "default": 0},
    "int64": {"type": "integer", "format": "int64", "default": 0},
    "bool": {"type": "boolean", "default": False},
    "bytes": {"type": "string", "format": "byte"},
    "double": {"type": "number", "format": "double", "default": 0},
}
_SPECIAL: dict[str, Obj] = {
    TIME: {"type": "string", "format": "date-time"},
    MICRO_TIME: {"type": "string", "format": "date-time"},
    QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    INT_OR_STRING: {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    RAW: {"type": "object"},
    FIELDS: {"type": "object"},
}
SERVED_VERSION = "1.36"
BEARER: Obj = {
    "type": "apiKey",
    "description": "Bearer Token authentication",
    "name": "authorization",
    "in": "header",
}
_TYPE_TEXTS = {
    "apiVersion": (
        "APIVersion defines the versioned schema of this representation of an object. Servers "
        "should convert recognized schemas to the latest internal value, and may reject "
        "unrecognized values. More info: https://git.k8s.io/community/contributors/devel/"
        "sig-architecture/api-conventions.md#resources"
    ),
    "kind": (
        "Kind is a string value representing the REST resource this object represents. Servers "
        "may infer this from the endpoint the client submits requests to. Cannot be updated. In "
        "CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/"
        "api-conventions.md#types-kinds"
    ),
}


def document(
    kinds: Iterable[Kind], custom_schemas: dict[str, Obj], title: str = "Kubernetes"
) -> Obj:
    """The OpenAPI v3 document of one group and version.

    `custom_schemas` holds the schemas of custom kinds by their kind.
    """
    listed = list(kinds)
    schemas: dict[str, Obj] = {}
    paths: dict[str, Obj] = {}
    for kind in listed:
        name = schema_name(kind)
        if name:
            schemas.update(_schemas_of(kind, name, custom_schemas))
        paths[f"{root_of(kind.group, kind.version)}/"] = announcement(kind.group, kind.version)
        paths.update(paths_of(kind, name))
    for needed in (OPTIONS, PATCH, STATUS, RESOURCES) if listed else ():
        schemas.update(_closure(needed, schemas))
    return {
        "openapi": "3.0.0",
        "info": {"title": title, "version": SERVED_VERSION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"BearerToken": BEARER},
        },
    }


def _schemas_of(kind: Kind, name: str, custom_schemas: dict[str, Obj]) -> dict[str, Obj]:
    """The schemas of a kind, of its lists, and of all that they need."""
    found: dict[str, Obj] = {}
    if kind.is_custom:
        found[name] = _custom_schema(kind, custom_schemas.get(kind.kind, {}))
        found.update(_closure(f"{META}.ObjectMeta"))
    else:
        found.update(_closure(name))
        found[name]["x-kubernetes-group-version-kind"] = [_gvk(kind)]
    if "list" in kind.verbs:
        listed = f"{name}List"
        found.update(_closure(f"{META}.ListMeta"))
        found[listed] = _list_schema(name, listed)
        group = {"group": kind.group, "kind": kind.list_kind, "version": kind.version}
        found[listed]["x-kubernetes-group-version-kind"] = [group]
    return found


def _list_schema(name: str, listed: str) -> Obj:
    if is_known(listed):
        return _schema(listed)
    properties: Obj = {
        field: {"description": text, "type": "string"} for field, text in _TYPE_TEXTS.items()
    }
    properties["items"] = {"type": "array", "items": {"$ref": REF + name}}
    properties["metadata"] = {"default": {}, "allOf": [{"$ref": f"{REF}{META}.ListMeta"}]}
    return {
        "type": "object",
        "required": ["items"],
        "properties": dict(sorted(properties.items())),
    }


def schema_name(kind: Kind) -> str:
    """The name of a kind's schema; a custom one's group is turned round."""
    if kind.is_custom:
        return ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])
    return definition_of_kind(kind)


def _gvk(kind: Kind) -> Obj:
    return {"group": kind.group, "kind": kind.kind, "version": kind.version}


def _closure(name: str, present: Container[str] = ()) -> dict[str, Obj]:
    """The schema of a type and of every type that it needs, but for those that are present."""
    found: dict[str, Obj] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found or current in present or not current:
            continue
        found[current] = _schema(current)
        waiting += [field.element for field in fields_of(current).values() if "." in field.element]
    return found


def _schema(name: str) -> Obj:
    texts = texts_of(name)
    schema: Obj = {}
    if texts.get(""):
        schema["description"] = texts[""]
    if name in _SPECIAL:
        return {**schema, **_SPECIAL[name]}
    fields = fields_of(name)
    if not fields or name in OPAQUE:
        return {**schema, "type": "object"}
    schema["type"] = "object"
    required = sorted(field.name for field in fields.values() if field.is_required)
    if required:
        schema["required"] = required
    properties: dict[str, Obj] = {}
    if any(part in ("metadata", "spec", "items") for part in fields) and "kind" not in fields:
        for field, text in _TYPE_TEXTS.items():
            properties[field] = {"description": text, "type": "string"}
    for field_name in sorted(fields):
        properties[field_name] = _property(fields[field_name], texts.get(field_name, ""))
    schema["properties"] = dict(sorted(properties.items()))
    if is_atomic(name):
        schema["x-kubernetes-map-type"] = "atomic"
    return schema


def _property(field: Field, text: str) -> Obj:
    schema: Obj = {"description": text} if text else {}
    if field.is_list and field.type != "bytes":
        schema.update({"type": "array", "items": _element(field.element)})
    elif field.is_map:
        schema.update({"type": "object", "additionalProperties": _element(field.element)})
    elif field.element in _SCALARS:
        plain = dict(_SCALARS[field.element])
        if not field.is_required:
            plain.pop("default", None)
        schema.update(plain)
    else:
        schema["allOf"] = [{"$ref": REF + field.element}]
        if not field.is_pointer:
            schema["default"] = {}
    schema.update(_merge_rules(field))
    return schema


def _element(type_: str) -> Obj:
    if type_ in _SCALARS:
        return dict(_SCALARS[type_])
    return {"$ref": REF + type_}


def _merge_rules(field: Field) -> Obj:
    rules: Obj = {}
    if field.list_type:
        rules["x-kubernetes-list-type"] = field.list_type
    if field.list_keys:
        rules["x-kubernetes-list-map-keys"] = list(field.list_keys)
    if field.patch_strategy:
        rules["x-kubernetes-patch-strategy"] = field.patch_strategy
    if field.merge_key:
        rules["x-kubernetes-patch-merge-key"] = field.merge_key
    if field.is_atomic_map:
        rules["x-kubernetes-map-type"] = "atomic"
    return rules


def _custom_schema(kind: Kind, schema: Obj) -> Obj:
    shown: Obj = dict(schema) if schema else {"type": "object"}
    properties = dict(shown.get("properties") or {})
    for field, text in _TYPE_TEXTS.items():
        properties[field] = {"description": text, "type": "string"}
    properties["metadata"] = {"allOf": [{"$ref": f"{REF}{META}.ObjectMeta"}]}
    shown["properties"] = properties
    shown["x-kubernetes-group-version-kind"] = [_gvk(kind)]
    return shown
