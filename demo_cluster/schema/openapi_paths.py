"""The paths of an OpenAPI document, in the form of version 3 and in the old one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from demo_cluster.kinds import Obj
from demo_cluster.schema.operation import STRING, Operation
from demo_cluster.schema.parameters import Parameter

REF = "#/components/schemas/"
OLD_REF = "#/definitions/"
_MEANINGS = {200: "OK", 201: "Created", 202: "Accepted"}
_UNAUTHORIZED: Obj = {"401": {"description": "Unauthorized"}}
_TOLD_IN_PLACE = frozenset({"name", "dryRun", "fieldValidation"})
"""Parameters that the old form never shares: clients look for them in each operation."""


def paths(operations: Iterable[tuple[str, Operation]]) -> Obj:
    """The `paths` of version 3, sorted."""
    found: Obj = {}
    for path, among in _by_path(operations):
        shared = _shared(among)
        item: Obj = {each.method: _operation(each, shared) for each in among}
        if shared:
            item["parameters"] = [_parameter(each) for each in shared]
        found[path] = item
    return found


def _by_path(
    operations: Iterable[tuple[str, Operation]],
) -> list[tuple[str, list[Operation]]]:
    among: dict[str, list[Operation]] = {}
    for path, operation in operations:
        among.setdefault(path, []).append(operation)
    return sorted(among.items())


def _shared(operations: list[Operation]) -> list[Parameter]:
    """The parameters that every operation of a path has."""
    first, *others = operations
    return [each for each in first.parameters if all(each in other.parameters for other in others)]


def _own(operation: Operation, shared: list[Parameter]) -> list[Parameter]:
    return [each for each in operation.parameters if each not in shared]


def _operation(operation: Operation, shared: list[Parameter]) -> Obj:
    shown: Obj = {
        "tags": [operation.tag],
        "description": operation.text,
        "operationId": operation.name,
    }
    own = _own(operation, shared)
    if own:
        shown["parameters"] = [_parameter(each) for each in own]
    if operation.body:
        shown["requestBody"] = {"content": _content(operation.body, operation.consumes)}
        if operation.body_is_required:
            shown["requestBody"]["required"] = True
    shown["responses"] = {
        **{
            str(code): {
                "description": _MEANINGS[code],
                "content": _content(name, operation.produces),
            }
            for code, name in operation.answers.items()
        },
        **_UNAUTHORIZED,
    }
    return {**shown, **_extensions(operation)}


def _content(schema: str, types: tuple[str, ...]) -> Obj:
    shown = {"type": "string"} if schema == STRING else {"$ref": REF + schema}
    return {each: {"schema": shown} for each in sorted(types)}


def _parameter(parameter: Parameter) -> Obj:
    shown: Obj = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.text,
    }
    if parameter.is_required:
        shown["required"] = True
    shown["schema"] = {"type": parameter.type, "uniqueItems": True}
    return shown


def _extensions(operation: Operation) -> Obj:
    if operation.kind is None:
        return {}
    group, version, kind = operation.kind
    return {
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {"group": group, "kind": kind, "version": version},
    }


def old_paths(operations: Iterable[tuple[str, Operation]]) -> tuple[Obj, Obj]:
    """The `paths` of the old form, and the `parameters` that they point to."""
    found: Obj = {}
    pool = _Pool()
    for path, among in _by_path(operations):
        shared = _shared(among)
        item: Obj = {each.method: _old_operation(each, shared, pool) for each in among}
        if shared:
            item["parameters"] = [pool.place(_old_parameter(each)) for each in shared]
        found[path] = item
    return found, dict(sorted(pool.parameters.items()))


class _Pool:
    """The parameters that many operations share, by their names in the document."""

    def __init__(self) -> None:
        self.parameters: dict[str, Obj] = {}
        self._names: dict[str, str] = {}

    def place(self, parameter: Obj) -> Obj:
        """What stands in the operation's list: the parameter, or a pointer to it."""
        about = parameter.get("schema", {}).get("$ref", "")
        if parameter["name"] in _TOLD_IN_PLACE:
            return parameter
        if parameter["in"] == "body" and not about.startswith(f"{OLD_REF}io.k8s.apimachinery"):
            return parameter
        text = json.dumps(parameter, separators=(",", ":"), ensure_ascii=False)
        name = self._names.get(text)
        if name is None:
            name = self._names[text] = f"{parameter['name']}-{_hash(text)}"
            self.parameters[name] = parameter
        return {"$ref": f"#/parameters/{name}"}


def _hash(text: str) -> str:
    """The end of a shared parameter's name: FNV-1 of its JSON, as Go writes it."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value * 0x100000001B3) % 2**64 ^ byte
    return base64.urlsafe_b64encode(value.to_bytes(8, "big")[:6]).decode()


def _old_operation(operation: Operation, shared: list[Parameter], pool: _Pool) -> Obj:
    shown: Obj = {"description": operation.text}
    if operation.consumes:
        shown["consumes"] = list(operation.consumes)
    shown["produces"] = list(operation.produces)
    shown |= {"schemes": ["https"], "tags": [operation.tag], "operationId": operation.name}
    own = [(each.order, _old_parameter(each)) for each in _own(operation, shared)]
    if operation.body:
        own.append((("body", "body"), _old_body(operation)))
    if own:
        shown["parameters"] = [
            pool.place(each) for _, each in sorted(own, key=lambda pair: pair[0])
        ]
    shown["responses"] = {
        **{
            str(code): {"description": _MEANINGS[code], "schema": _old_schema(name)}
            for code, name in operation.answers.items()
        },
        **_UNAUTHORIZED,
    }
    return {**shown, **_extensions(operation)}


def _old_schema(name: str) -> Obj:
    return {"type": "string"} if name == STRING else {"$ref": OLD_REF + name}


def _old_parameter(parameter: Parameter) -> Obj:
    shown: Obj = {
        "uniqueItems": True,
        "type": parameter.type,
        "description": parameter.text,
        "name": parameter.name,
        "in": parameter.place,
    }
    if parameter.is_required:
        shown["required"] = True
    return shown


def _old_body(operation: Operation) -> Obj:
    shown: Obj = {"name": "body", "in": "body"}
    if operation.body_is_required:
        shown["required"] = True
    return {**shown, "schema": {"$ref": OLD_REF + operation.body}}
