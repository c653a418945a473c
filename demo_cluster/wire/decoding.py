"""Request bodies as objects, and what is unknown, doubled or mistyped in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from demo_cluster.changes.field_sets import root
from demo_cluster.kinds import Kind
from demo_cluster.schema.types import (
    INT_OR_STRING,
    MICRO_TIME,
    OBJECT_META,
    OPAQUE,
    QUANTITY,
    TIME,
    Field,
    definition_of_kind,
    fields_of,
    is_object,
)
from demo_cluster.status import Failure, bad_request
from demo_cluster.wire.protobuf import MAGIC, decode_object
from demo_cluster.wire.reply import Call
from demo_cluster.wire.yaml_body import first_document

MAX_DEPTH = 512
_JSON_TYPES = ("", "application/json", "*/*")
_QUANTITY = re.compile(r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")


class JsonError(ValueError):
    """Text that is not JSON, in Go's words."""


@dataclass(slots=True)
class Decoded:
    """A value from a body and what strict decoding would say about it."""

    value: Any
    problems: list[str] = field(default_factory=list)


def decoded_body(call: Call, kind: Kind, wanted: str = "") -> Decoded:
    """The body's object. `wanted` names the type in messages, the kind's own when empty.

    Raises:
        Failure: 400, not an object; 415, a media type that nobody reads.
    """
    media = call.headers.get("content-type", "").partition(";")[0].strip()
    name = wanted or kind.kind
    if media == "application/vnd.kubernetes.protobuf" or call.body.startswith(MAGIC):
        return Decoded(decode_object(call.body))
    if media == "application/yaml":
        return _yaml(call.body, name)
    if media not in _JSON_TYPES:
        accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        raise Failure(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - "
            f"accepted media types include: {accepted}",
        )
    try:
        decoded = parse_json(call.body)
    except JsonError as error:
        raise _unrecognized(name, call.body, str(error)) from error
    if not isinstance(decoded.value, dict):
        go = (
            'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
        problem = f"json: cannot unmarshal {go_name(decoded.value)} into Go value of type {go}"
        raise _unrecognized(name, call.body, problem)
    return decoded


def _unrecognized(name: str, body: bytes, problem: str) -> Failure:
    return bad_request(
        f"the object provided is unrecognized (must be of type {name}): "
        f"couldn't get version/kind; json parse error: {problem} ({_summary(body)})"
    )


def _summary(body: bytes, limit: int = 30) -> str:
    if not body:
        return "<empty>"
    more = " ..." if len(body) > limit else ""
    if body[:1] == b"{":
        return body[:limit].decode(errors="replace") + more
    return body[:limit].hex() + more


def _yaml(body: bytes, name: str) -> Decoded:
    try:
        plain = json.loads(json.dumps(first_document(body), default=str))
    except (RecursionError, ValueError) as error:
        raise bad_request(f"error converting YAML to JSON: yaml: {error}") from error
    if not isinstance(plain, dict):
        raise _unrecognized(name, body, "unexpected end of JSON input")
    return Decoded(plain)


def parse_json(body: bytes) -> Decoded:
    """The value of a JSON text and the fields that it gives twice.

    Raises:
        JsonError: The text is not JSON, or nested too deeply.
    """
    doubled: dict[int, list[str]] = {}

    def make(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            names = [name for name, _ in pairs]
            doubled[id(made)] = [name for index, name in enumerate(names) if name in names[:index]]
        return made

    try:
        value = json.loads(
            body.decode(errors="replace"),
            object_pairs_hook=make,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise JsonError(_go_error(error)) from error
    except RecursionError as error:
        raise JsonError("exceeded max depth") from error
    if _HALF.search(body):
        value = _with_whole_characters(value, doubled)
    if not doubled:
        return Decoded(value)
    problems = [f'duplicate field "{path}"' for path in _doubled(value, doubled, "")]
    return Decoded(value, problems)


_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""A half of a character that takes two; alone it is none."""


def _with_whole_characters(value: Any, doubled: dict[int, list[str]]) -> Any:
    """The value with a replacement character for each half that stands alone, as Go reads it."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_with_whole_characters(each, doubled) for each in value]
    if not isinstance(value, dict):
        return value
    made = {
        _with_whole_characters(name, doubled): _with_whole_characters(each, doubled)
        for name, each in value.items()
    }
    if id(value) in doubled:
        doubled[id(made)] = doubled[id(value)]
    return made


def _integer(text: str) -> int | float:
    """What does not fit 64 bits is a float, as in Go."""
    if len(text) < _SAFE_DIGITS:
        return int(text)
    return float(text) if len(text) > _MOST_DIGITS else _fitting(int(text))


def _fitting(number: int) -> int | float:
    return number if -(1 << 63) <= number < 1 << 63 else float(number)


_SAFE_DIGITS, _MOST_DIGITS = 18, 300


def _no_constant(text: str) -> Any:
    raise JsonError(f"invalid character '{text[0]}' looking for beginning of value")


def _doubled(value: Any, doubled: dict[int, list[str]], path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in doubled.get(id(value), ()):
            yield f"{path}{name}"
        for name, inner in value.items():
            yield from _doubled(inner, doubled, f"{path}{name}.")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _doubled(inner, doubled, f"{path.rstrip('.')}[{index}].")


_AFTER = {
    "Expecting ',' delimiter": "after object key:value pair",
    "Expecting ':' delimiter": "after object key",
    "Extra data": "after top-level value",
    "Expecting property name enclosed in double quotes": (
        "looking for beginning of object key string"
    ),
}


def _go_error(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].lstrip()
    if not rest or error.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    place = _AFTER.get(error.msg, "looking for beginning of value")
    return f"invalid character '{rest[0]}' {place}"


def go_name(value: Any) -> str:
    """What Go's JSON decoder calls the type of a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def check_types(kind: Kind, decoded: Decoded) -> None:
    """Refuse mistyped fields, and note and drop the unknown ones.

    Raises:
        Failure: 400, a field has a value of the wrong type.
    """
    definition = definition_of_kind(kind)
    try:
        if definition:
            unknown = _checked(root(definition), decoded.value, "", kind.kind, 0)
        else:
            meta, go = decoded.value["metadata"], f"{kind.kind}.metadata"
            unknown = _checked(root(OBJECT_META), meta, "metadata.", go, 1)
    except _Mistyped as error:
        raise bad_request(cannot_handle(kind, str(error))) from error
    decoded.problems += [f'unknown field "{path}"' for path in unknown]


def cannot_handle(kind: Kind, problem: str) -> str:
    """How the server says that a body does not fit its kind."""
    return f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {problem}'


class _Mistyped(Exception):  # noqa: N818 -- it never leaves this module
    pass


def _checked(type_field: Field, obj: Any, path: str, owner: str, depth: int) -> list[str]:
    """The paths of unknown fields, which are removed; `owner` is the Go type for messages."""
    if depth > MAX_DEPTH:
        raise _Mistyped("exceeded max depth")
    known = fields_of(type_field.element)
    unknown: list[str] = []
    for name in list(obj):
        if name in ("apiVersion", "kind") and (depth == 0 or is_object(type_field.element)):
            continue
        found = known.get(name)
        if found is None:
            unknown.append(f"{path}{name}")
            del obj[name]
        elif obj[name] is None or _is_left_out(found, obj[name]):
            del obj[name]
        else:
            here = f"{path}{name}"
            unknown += _checked_value(found, obj[name], here, f"{owner}.{name}", depth)
    return unknown


def _checked_value(found: Field, value: Any, path: str, go: str, depth: int) -> list[str]:
    element = Field(found.name, (), found.element)
    if found.is_list:
        if found.element == "bytes" or not isinstance(value, list):
            raise _mistyped(value, go, f"[]{_go_type(found.element)}")
        value[:] = [_zero(found) if inner is None else inner for inner in value]
        return [
            entry
            for index, inner in enumerate(value)
            for entry in _checked_value(element, inner, f"{path}[{index}]", go, depth + 1)
        ]
    if found.is_map:
        if not isinstance(value, dict):
            raise _mistyped(value, go, f"map[string]{_go_type(found.element)}")
        value.update({key: _zero(found) for key, inner in value.items() if inner is None})
        return [
            entry
            for key, inner in value.items()
            for entry in _checked_value(element, inner, f"{path}.{key}", go, depth + 1)
        ]
    if fields_of(found.type) and found.type not in OPAQUE and found.type not in _LEAVES:
        if not isinstance(value, dict):
            raise _mistyped(value, go, _go_type(found.type))
        return _checked(found, value, f"{path}.", go, depth + 1)
    _check_leaf(found.type, value, go)
    return []


def _is_left_out(found: Field, value: Any) -> bool:
    """Whether Go writes nothing for this value: a zero in a field that may be missing."""
    if found.is_pointer or found.is_required:
        return False
    if found.is_list or found.is_map:
        return value in ([], {})
    return found.type in _ZEROES and type(value) is type(_ZEROES[found.type]) and not value


_ZEROES: dict[str, Any] = {"string": "", "bytes": "", "bool": False, "int32": 0, "int64": 0}


def _zero(found: Field) -> Any:
    """What Go makes of a null inside a list or a map."""
    if found.element in _ZEROES:
        return _ZEROES[found.element]
    return "0" if found.element in _LEAVES else {}


_LEAVES = frozenset({TIME, MICRO_TIME, QUANTITY, INT_OR_STRING})


def _check_leaf(type_: str, value: Any, go: str) -> None:
    match type_:
        case "string" if not isinstance(value, str):
            raise _mistyped(value, go, "string")
        case "bool" if not isinstance(value, bool):
            raise _mistyped(value, go, "bool")
        case "int32" | "int64" if isinstance(value, bool) or not isinstance(value, int):
            raise _mistyped(value, go, type_)
        case "bytes":
            _check_base64(value, go)
        case _ if type_ == QUANTITY:
            if isinstance(value, bool) or not _QUANTITY.match(str(value)):
                raise _Mistyped(
                    "quantities must match the regular expression "
                    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                )
        case _:
            return


def _check_base64(value: Any, go: str) -> None:
    if not isinstance(value, str):
        raise _mistyped(value, go, "[]uint8")
    alphabet = re.compile(r"[A-Za-z0-9+/]*={0,2}")
    match = alphabet.match(value)
    end = match.end() if match else 0
    if end != len(value) or len(value) % 4:
        raise _Mistyped(f"illegal base64 data at input byte {end}")


def _mistyped(value: Any, go: str, wanted: str) -> _Mistyped:
    return _Mistyped(
        f"json: cannot unmarshal {go_name(value)} into Go struct field {go} of type {wanted}"
    )


def _go_type(type_: str) -> str:
    if "." not in type_:
        return "[]uint8" if type_ == "bytes" else type_
    *_, package_version, name = type_.split(".")
    return f"{package_version}.{name}"
