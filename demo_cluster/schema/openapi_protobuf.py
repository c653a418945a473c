"""The old OpenAPI document in protobuf: the messages of gnostic's `openapi.v2` package.

Clients ask for this form because they read it faster than JSON. A value without a place of its
own, such as an extension, is a piece of YAML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from demo_cluster.kinds import Obj
from demo_cluster.protobuf_parts import part, varint
from demo_cluster.yaml_text import yaml_text

_SCALARS_OF_SCHEMA = {
    "$ref": 1,
    "format": 2,
    "title": 3,
    "description": 4,
    "maxLength": 11,
    "minLength": 12,
    "pattern": 13,
    "maxItems": 14,
    "minItems": 15,
    "uniqueItems": 16,
    "maxProperties": 17,
    "minProperties": 18,
    "required": 19,
}
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_QUERY = {"in": 2, "description": 3, "name": 4, "type": 6, "uniqueItems": 20}
_PATH = {"required": 1, "in": 2, "description": 3, "name": 4, "type": 5, "uniqueItems": 19}
_BODY = {"description": 1, "name": 2, "in": 3, "required": 4}
_OPERATION = {
    "tags": 1,
    "description": 3,
    "operationId": 5,
    "produces": 6,
    "consumes": 7,
    "schemes": 10,
}


def old_document_in_protobuf(document: Obj) -> bytes:
    """The bytes of a document of the older form."""
    return b"".join(
        (
            _text(1, document["swagger"]),
            part(2, _plain(document["info"], {"title": 1, "version": 2})),
            part(8, _named(2, document["paths"], _path_item)),
            part(9, _named(1, document["definitions"], _schema)),
            part(10, _named(1, document["parameters"], _parameter)),
            *(part(12, _named(1, each, lambda _: b"")) for each in document["security"]),
            part(13, _named(1, document["securityDefinitions"], _api_key)),
        )
    )


def _text(number: int, text: str) -> bytes:
    return part(number, text.encode())


def _plain(value: Mapping[str, Any], numbers: Mapping[str, int]) -> bytes:
    """The fields with texts, lists of texts, whole numbers and truths."""
    parts: list[bytes] = []
    for name, number in numbers.items():
        found = value.get(name)
        if isinstance(found, str):
            parts.append(_text(number, found))
        elif isinstance(found, list):
            parts += [_text(number, each) for each in found]
        elif found:
            parts.append(varint(number << 3) + varint(int(found)))
    return b"".join(parts)


def _named(number: int, value: Mapping[str, Any], write: Any) -> bytes:
    """A map: each entry a message of a name and what `write` makes of the value."""
    return b"".join(
        part(number, _text(1, name) + part(2, write(each))) for name, each in value.items()
    )


def _extensions(number: int, value: Mapping[str, Any]) -> bytes:
    extensions = {name: each for name, each in value.items() if name.startswith("x-")}
    return _named(number, extensions, _any)


def _any(value: Any) -> bytes:
    return _text(2, _yaml(msgspec.json.encode(value)))


@cache
def _yaml(encoded: bytes) -> str:
    return yaml_text(msgspec.json.decode(encoded)).decode().removesuffix("...\n")


def _schema(value: Obj) -> bytes:
    parts = [_plain(value, _SCALARS_OF_SCHEMA)]
    parts += [part(20, _any(each)) for each in value.get("enum", ())]
    more = value.get("additionalProperties")
    if isinstance(more, dict):
        parts.append(part(21, part(1, _schema(more))))
    elif more is not None:
        parts.append(part(21, b"\x10\x01" if more else b""))
    if "type" in value:
        parts.append(part(22, _text(1, value["type"])))
    if "items" in value:
        parts.append(part(23, part(1, _schema(value["items"]))))
    if "properties" in value:
        parts.append(part(25, _named(1, value["properties"], _schema)))
    parts.append(_extensions(31, value))
    return b"".join(parts)


def _path_item(value: Obj) -> bytes:
    operations = (
        part(2 + place, _operation(value[method]))
        for place, method in enumerate(_METHODS)
        if method in value
    )
    return b"".join((*operations, *_parameters(9, value.get("parameters", ()))))


def _operation(value: Obj) -> bytes:
    return b"".join(
        (
            _plain(value, _OPERATION),
            *_parameters(8, value.get("parameters", ())),
            part(9, _named(1, value["responses"], _response)),
            _extensions(13, value),
        )
    )


def _parameters(number: int, values: Iterable[Obj]) -> list[bytes]:
    return [
        part(number, part(2, _text(1, each["$ref"])))
        if "$ref" in each
        else part(number, part(1, _parameter(each)))
        for each in values
    ]


def _parameter(value: Obj) -> bytes:
    if value["in"] == "body":
        return part(1, _plain(value, _BODY) + part(5, _schema(value["schema"])))
    if value["in"] == "query":
        return part(2, part(3, _plain(value, _QUERY)))
    return part(2, part(4, _plain(value, _PATH)))


def _response(value: Obj) -> bytes:
    content = _plain(value, {"description": 1})
    if "schema" in value:
        content += part(2, part(1, _schema(value["schema"])))
    return part(1, content)


def _api_key(value: Obj) -> bytes:
    return part(2, _plain(value, {"type": 1, "name": 2, "in": 3, "description": 4}))
