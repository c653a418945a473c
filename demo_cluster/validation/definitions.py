"""CustomResourceDefinitions: names, versions and schemas, and what of them stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from demo_cluster.kinds import Obj
from demo_cluster.status import Cause
from demo_cluster.validation.causes import IMMUTABLE, invalid, required, unsupported
from demo_cluster.validation.formats import dns_1035_label, subdomain

_SCOPES = ("Cluster", "Namespaced")
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_NAMES = ("plural", "singular", "kind", "listKind")


def definition_causes(definition: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a definition, or with a change of one."""
    spec, name = definition["spec"], definition["metadata"]["name"]
    names = spec.get("names") or {}
    if old is None and name != f"{names.get('plural', '')}.{spec.get('group', '')}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    yield from _group_causes(spec.get("group") or "")
    scope = spec.get("scope") or ""
    if not scope:
        yield required("spec.scope")
    elif scope not in _SCOPES:
        yield unsupported("spec.scope", scope, _SCOPES)
    yield from _version_causes(spec.get("versions") or [])
    yield from _name_causes(names)
    yield from _stored_causes(definition, spec.get("versions") or [])
    if old is not None:
        yield from _change_causes(spec, old)


def _group_causes(group: str) -> Iterator[Cause]:
    if not group:
        yield required("spec.group")
    elif reasons := subdomain(group):
        yield invalid("spec.group", group, ",".join(reasons))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def _version_causes(versions: list[Obj]) -> Iterator[Cause]:
    schemas: list[Obj] = [
        (each.get("schema") or {}).get("openAPIV3Schema") or {} for each in versions
    ]
    for index, schema in enumerate(schemas):
        if not schema:
            yield required(f"spec.versions[{index}].schema.openAPIV3Schema")
    is_shared = all(schema == schemas[0] for schema in schemas)
    for index, version in enumerate(versions):
        here = f"spec.versions[{index}]"
        if reasons := dns_1035_label(version.get("name") or ""):
            yield invalid(f"{here}.name", version.get("name") or "", ",".join(reasons))
        if not is_shared and schemas[index]:
            yield from _schema_causes(schemas[index], f"{here}.schema.openAPIV3Schema")
        for position, column in enumerate(version.get("additionalPrinterColumns") or ()):
            yield from _column_causes(column, f"{here}.additionalPrinterColumns[{position}]")
    names = [each.get("name") for each in versions]
    if len(set(names)) != len(names):
        yield invalid("spec.versions", _internal(versions), "must contain unique version names")
    if sum(bool(each.get("storage")) for each in versions) != 1:
        why = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", _internal(versions), why)
    if is_shared and versions and schemas[0]:
        yield from _schema_causes(schemas[0], "spec.validation.openAPIV3Schema")


def _internal(versions: list[Obj]) -> Any:
    """The versions as the server prints its own form of them; schemas lie outside."""
    return [
        {
            "Name": each.get("name") or "",
            "Served": bool(each.get("served")),
            "Storage": bool(each.get("storage")),
            "Deprecated": bool(each.get("deprecated")),
            "DeprecationWarning": each.get("deprecationWarning"),
            "Schema": None,
            "Subresources": None,
            "AdditionalPrinterColumns": None,
            "SelectableFields": None,
        }
        for each in versions
    ] or None


def _column_causes(column: Obj, path: str) -> Iterator[Cause]:
    if not column.get("name"):
        yield required(f"{path}.name")
    type_ = column.get("type") or ""
    if not type_:
        yield required(f"{path}.type", f"must be one of {','.join(_COLUMN_TYPES)}")
    elif type_ not in _COLUMN_TYPES:
        yield invalid(f"{path}.type", type_, f"must be one of {','.join(_COLUMN_TYPES)}")
    if not column.get("jsonPath"):
        yield required(f"{path}.JSONPath")


def _schema_causes(schema: Obj, path: str) -> Iterator[Cause]:
    yield from _unknown_types(schema, path)
    yield from sorted(_untyped(schema, path, "at the root"), key=lambda each: each.field)


def _parts(schema: Obj, path: str) -> Iterator[tuple[Obj, str, str]]:
    """The schemas within a schema: each with its path, and what it is there."""
    if isinstance(schema.get("items"), dict):
        yield schema["items"], f"{path}.items", "for specified array items"
    for name, inner in sorted((schema.get("properties") or {}).items()):
        yield inner, f"{path}.properties[{name}]", "for specified object fields"
    if isinstance(schema.get("additionalProperties"), dict):
        inner = schema["additionalProperties"]
        yield inner, f"{path}.additionalProperties", "for specified object fields"


def _unknown_types(schema: Obj, path: str) -> Iterator[Cause]:
    type_ = schema.get("type")
    if type_ and type_ not in _TYPES:
        yield unsupported(f"{path}.type", type_, _TYPES)
    if schema.get("x-kubernetes-list-type") == "map" and not schema.get(
        "x-kubernetes-list-map-keys"
    ):
        why = "must not be empty if x-kubernetes-list-type is map"
        yield required(f"{path}.x-kubernetes-list-map-keys", why)
    for inner, here, _ in _parts(schema, path):
        yield from _unknown_types(inner, here)


def _untyped(schema: Obj, path: str, where: str) -> Iterator[Cause]:
    type_ = schema.get("type")
    is_open = schema.get("x-kubernetes-int-or-string") or schema.get(
        "x-kubernetes-preserve-unknown-fields"
    )
    if not type_ and not is_open:
        yield required(f"{path}.type", f"must not be empty {where}")
    elif type_ and type_ != "object" and where == "at the root":
        yield invalid(f"{path}.type", type_, "must be object at the root")
    if type_ == "array" and not isinstance(schema.get("items"), dict):
        yield required(f"{path}.items", "must be specified")
    for inner, here, what in _parts(schema, path):
        yield from _untyped(inner, here, what)


def _name_causes(names: Obj) -> Iterator[Cause]:
    for field in _NAMES:
        if not names.get(field):
            yield required(f"spec.names.{field}")
    for field in _NAMES:
        name = names.get(field) or ""
        is_mixed = field in ("kind", "listKind")
        reasons = dns_1035_label(name.lower() if is_mixed else name) if name else []
        if reasons:
            prefix = "may have mixed case, but should otherwise match: " if is_mixed else ""
            yield invalid(f"spec.names.{field}", name, prefix + ",".join(reasons))
    for field in ("shortNames", "categories"):
        for index, name in enumerate(names.get(field) or ()):
            if reasons := dns_1035_label(name):
                yield invalid(f"spec.names.{field}[{index}]", name, ",".join(reasons))
        if field == "shortNames" and names.get("kind") and names["kind"] == names.get("listKind"):
            why = "kind and listKind may not be the same"
            yield invalid("spec.names.listKind", names["listKind"], why)


def _stored_causes(definition: Obj, versions: list[Obj]) -> Iterator[Cause]:
    """Versions in which objects may lie stored stay in the definition."""
    stored = (definition.get("status") or {}).get("storedVersions") or []
    field = "status.storedVersions"
    if not stored:
        yield invalid(field, stored, "must have at least one stored version")
        return
    names = [each.get("name") for each in versions]
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            yield invalid(field, stored, f"must have the storage version {version.get('name')}")
    for index, name in enumerate(stored):
        if name not in names:
            why = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions"
            )
            yield invalid(f"{field}[{index}]", name, why)


def _change_causes(spec: Obj, old: Obj) -> Iterator[Cause]:
    before = old["spec"]
    names, names_before = spec.get("names") or {}, before["names"]
    conditions = (old.get("status") or {}).get("conditions") or ()
    if any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
        yield from _kept("spec.scope", spec.get("scope"), before.get("scope"))
        yield from _kept("spec.names.kind", names.get("kind"), names_before.get("kind"))
    yield from _kept("spec.group", spec.get("group"), before.get("group"))
    yield from _kept("spec.names.plural", names.get("plural"), names_before.get("plural"))


def _kept(field: str, now: Any, before: Any) -> Iterator[Cause]:
    if json.dumps(now) != json.dumps(before):
        yield invalid(field, now, IMMUTABLE)
