"""OpenAPI v3 of the served kinds, made from the table of types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demo_cluster.kinds import Kind, Obj
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
_REF = "#/components/schemas/"
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
        if kind.is_custom:
            schemas[name] = _custom_schema(kind, custom_schemas.get(kind.kind, {}))
            schemas.update(_closure(f"{META}.ObjectMeta"))
        elif definition_of_kind(kind):
            schemas.update(_closure(name))
            schemas[name]["x-kubernetes-group-version-kind"] = [_gvk(kind)]
        schemas.update(_closure(f"{META}.DeleteOptions"))
        paths.update(_paths(kind, name))
    return {
        "openapi": "3.0.0",
        "info": {"title": title, "version": "v1.36.2"},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def schema_name(kind: Kind) -> str:
    """The name of a kind's schema; a custom one's group is turned round."""
    if kind.is_custom:
        return ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])
    return definition_of_kind(kind)


def _gvk(kind: Kind) -> Obj:
    return {"group": kind.group, "kind": kind.kind, "version": kind.version}


def _closure(name: str) -> dict[str, Obj]:
    """The schema of a type and of every type that it needs."""
    found: dict[str, Obj] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found or not current:
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
        schema["allOf"] = [{"$ref": _REF + field.element}]
        if not field.is_pointer:
            schema["default"] = {}
    schema.update(_merge_rules(field))
    return schema


def _element(type_: str) -> Obj:
    if type_ in _SCALARS:
        return dict(_SCALARS[type_])
    return {"allOf": [{"$ref": _REF + type_}], "default": {}}


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
    properties["metadata"] = {"allOf": [{"$ref": f"{_REF}{META}.ObjectMeta"}]}
    shown["properties"] = properties
    shown["x-kubernetes-group-version-kind"] = [_gvk(kind)]
    return shown


_PARAMETERS = {
    "delete": ("dryRun", "gracePeriodSeconds", "propagationPolicy"),
    "get": (),
    "patch": ("dryRun", "fieldManager", "fieldValidation", "force"),
    "put": ("dryRun", "fieldManager", "fieldValidation"),
    "post": ("dryRun", "fieldManager", "fieldValidation"),
}
_VERBS = {"delete": "delete", "get": "get", "patch": "patch", "put": "update"}


def _paths(kind: Kind, schema: str) -> Iterator[tuple[str, Obj]]:
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    space = "/namespaces/{namespace}" if kind.namespaced else ""
    collection = f"{root}{space}/{kind.plural}"
    whole: Obj = {}
    if "list" in kind.verbs:
        whole["get"] = _operation(kind, schema, "list", ())
    if "create" in kind.verbs:
        whole["post"] = _operation(kind, schema, "post", _PARAMETERS["post"])
    yield collection, whole
    one = {
        method: _operation(kind, schema, method, _PARAMETERS[method])
        for method, verb in _VERBS.items()
        if verb in kind.verbs
    }
    if one:
        yield f"{collection}/{{name}}", one


def _operation(kind: Kind, schema: str, action: str, parameters: tuple[str, ...]) -> Obj:
    content = {"application/json": {"schema": {"$ref": _REF + schema}}} if schema else {}
    return {
        "description": f"{action} {kind.kind}",
        "operationId": f"{action}{kind.kind}",
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for name in parameters
        ],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _gvk(kind),
    }
