"""Custom objects made up from their definition: by its schema, or from the cells of a Table."""

from __future__ import annotations

from typing import Any

from tests.conformance.manifests import Obj


def smallest(definition: Obj, name: str, version: str) -> Obj:
    """The smallest object that the definition's schema takes."""
    spec = definition["spec"]
    schema = _schema(spec, version)
    made = _least(schema)
    made = made if isinstance(made, dict) else {}
    head = {"apiVersion": f"{spec['group']}/{version}", "kind": spec["names"]["kind"]}
    return {**head, **made, "metadata": {"name": name}}


def from_row(definition: Obj, name: str, version: str, row: Obj) -> Obj:
    """An object that would have these cells."""
    made = smallest(definition, name, version)
    columns = _version(definition["spec"], version).get("additionalPrinterColumns") or ()
    for column, cell in zip(columns, row.get("cells", ())[1:], strict=False):
        path = str(column.get("jsonPath", "")).strip(".").split(".")
        if (
            column.get("type") != "date"
            and cell not in (None, "", "<none>")
            and path[0] != "metadata"
        ):
            _set(made, path, cell)
    return made


def _version(spec: Obj, version: str) -> Obj:
    versions = spec.get("versions") or [{}]
    named = [each for each in versions if each.get("name") == version]
    found: Obj = (named or versions)[0]
    return found


def _schema(spec: Obj, version: str) -> Obj:
    schema: Obj = (_version(spec, version).get("schema") or {}).get("openAPIV3Schema") or {}
    return schema


def _set(target: Obj, path: list[str], value: Any) -> None:
    for name in path[:-1]:
        inner = target.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        target = inner
    target[path[-1]] = value


def _least(schema: Obj) -> Any:
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties") or {}
        return {name: _least(parts.get(name, {})) for name in schema.get("required") or ()}
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": True, "array": []}.get(str(kind), "a")
