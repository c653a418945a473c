"""The table of types, as values: which fields an object has, and how each one merges.

A custom type needs no table: its name is its schema, written as JSON behind a mark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from demo_cluster.kinds import KINDS, Kind

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
OBJECT_META, LIST_META = f"{META}.ObjectMeta", f"{META}.ListMeta"
_EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
_PACKAGES = {
    "apiextensions.k8s.io": _EXTENSIONS.removesuffix(".v1"),
    "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
    "metrics.k8s.io": "io.k8s.metrics.pkg.apis.metrics",
}
"""Where the types of groups are that other servers than the main one began with."""
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
TIME = f"{META}.Time"
MICRO_TIME = f"{META}.MicroTime"
RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension"
FIELDS = f"{META}.FieldsV1"
SCALARS = frozenset({"string", "int32", "int64", "bool", "bytes", "double"})
OPAQUE = frozenset(
    {
        RAW,
        FIELDS,
        f"{_EXTENSIONS}.JSON",
        f"{_EXTENSIONS}.JSONSchemaPropsOrBool",
        f"{_EXTENSIONS}.JSONSchemaPropsOrArray",
        f"{_EXTENSIONS}.JSONSchemaPropsOrStringArray",
    }
)
TEXTUAL = frozenset({QUANTITY, TIME, MICRO_TIME, INT_OR_STRING})


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its numbers on the wire (more than one when it lies in an inlined struct)."""

    name: str
    numbers: tuple[int, ...]
    type: str
    is_required: bool = False
    is_pointer: bool = False
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    is_atomic_map: bool = False
    patch_strategy: str = ""
    merge_key: str = ""

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return self.type.startswith("[]")

    @property
    def is_map(self) -> bool:
        """Whether the value is a map with free keys."""
        return self.type.startswith("{}")

    @property
    def element(self) -> str:
        """The type of the value, or of a list's items or a map's values."""
        return self.type[2:] if self.type[:2] in ("[]", "{}") else self.type


@cache
def _table() -> dict[str, dict[str, list[Any]]]:
    text = Path(__file__).with_name("types.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, list[Any]]] = json.loads(text)
    return table


def is_known(definition: str) -> bool:
    """Whether the table has this type."""
    return definition in _table()


def is_atomic(definition: str) -> bool:
    """Whether values of this type are replaced as a whole."""
    if definition.startswith(_CUSTOM):
        return bool(_schema_of(definition).get("x-kubernetes-map-type") == "atomic")
    return "@" in _table().get(definition, {})


def keeps_unknown(definition: str) -> bool:
    """Whether values of this type may have fields that the type does not name."""
    return definition.startswith(_CUSTOM) and bool(_schema_of(definition).get(_KEEPS))


@cache
def fields_of(definition: str) -> dict[str, Field]:
    """The fields of a type by their JSON names, those of inlined structs included."""
    if definition.startswith(_CUSTOM):
        return _custom_fields(definition)
    fields: dict[str, Field] = {}
    for name, (number, type_, rules) in _table().get(definition, {}).items():
        if name.startswith("~"):
            for inner in fields_of(type_).values():
                fields[inner.name] = _inlined(inner, number)
        elif name != "@":
            fields[name] = _field(name, number, type_, rules)
    return fields


def _inlined(field: Field, number: int) -> Field:
    return replace(field, numbers=(number, *field.numbers))


def _field(name: str, number: int, type_: str, rules: dict[str, Any]) -> Field:
    return Field(
        name,
        (number,),
        type_,
        is_required=rules.get("required", False),
        is_pointer=rules.get("pointer", False),
        list_type=rules.get("list", ""),
        list_keys=tuple(rules.get("keys", ())),
        is_atomic_map=rules.get("map") == "atomic",
        patch_strategy=rules.get("patch", ""),
        merge_key=rules.get("key", ""),
    )


_CUSTOM, _OBJECT = "custom:", "custom:object:"
_KEEPS, _EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"
_PLAIN = {"string": "string", "integer": "int64", "number": "double", "boolean": "bool"}


def definition_of_schema(schema: dict[str, Any]) -> str:
    """The name of the type that a custom kind's whole objects have."""
    return _OBJECT + json.dumps(schema, sort_keys=True)


def _schema_of(definition: str) -> dict[str, Any]:
    text = definition.removeprefix(_OBJECT).removeprefix(_CUSTOM)
    schema: dict[str, Any] = json.loads(text)
    return schema


def _custom_fields(definition: str) -> dict[str, Field]:
    schema = _schema_of(definition)
    fields = {
        name: _custom_field(name, inner) for name, inner in (schema.get("properties") or {}).items()
    }
    if definition.startswith(_OBJECT):
        for name in ("apiVersion", "kind"):
            fields[name] = Field(name, (), "string")
        fields["metadata"] = Field("metadata", (), OBJECT_META)
    return fields


def _custom_field(name: str, schema: dict[str, Any]) -> Field:
    return Field(
        name,
        (),
        _custom_type(schema),
        is_pointer=True,
        list_type=schema.get("x-kubernetes-list-type", ""),
        list_keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        is_atomic_map=schema.get("x-kubernetes-map-type") == "atomic",
    )


def _custom_type(schema: dict[str, Any]) -> str:
    """The type of one part, "" where the schema says nothing of it."""
    wanted, properties = schema.get("type"), schema.get("properties")
    more = schema.get("additionalProperties")
    if schema.get("x-kubernetes-int-or-string"):
        return INT_OR_STRING
    if wanted == "array":
        return "[]" + _custom_type(schema.get("items") or {})
    if wanted in _PLAIN:
        return _PLAIN[wanted]
    if schema.get(_EMBEDDED):
        return definition_of_schema(schema)
    if more and not properties:
        return "{}" + _custom_type(more if isinstance(more, dict) else {})
    if properties or (wanted == "object" and not schema.get(_KEEPS)):
        return _CUSTOM + json.dumps(schema, sort_keys=True)
    return ""


def definition_of(group: str, version: str, kind: str) -> str:
    """The name of a kind's type, "" when the table does not have it."""
    package = _PACKAGES.get(group) or f"io.k8s.api.{group.partition('.')[0] or 'core'}"
    name = f"{package}.{version}.{kind}"
    if not is_known(name):
        name = f"{META}.{kind}"
    return name if is_known(name) else ""


def definition_of_kind(kind: Kind) -> str:
    """The name of a built-in kind's type, "" for custom kinds."""
    return "" if kind.is_custom else definition_of(kind.group, kind.version, kind.kind)


@cache
def _objects() -> frozenset[str]:
    return frozenset(map(definition_of_kind, KINDS)) - {""}


def is_object(definition: str) -> bool:
    """Whether values of this type name their apiVersion and kind, wherever they stand."""
    return definition in _objects()
