"""Protobuf bodies as kubectl sends them, decoded to plain JSON values. Pure."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from demo_cluster.kinds import Obj
from demo_cluster.schema.types import (
    FIELDS,
    INT_OR_STRING,
    MICRO_TIME,
    QUANTITY,
    RAW,
    SCALARS,
    TIME,
    Field,
    definition_of,
    fields_of,
)
from demo_cluster.status import bad_request

MAGIC = b"k8s\x00"
_MAX_DEPTH = 40


def decode_object(body: bytes) -> Obj:
    r"""The object in a `k8s\0` envelope, its kind and apiVersion included.

    Raises:
        Failure: 400, it is not one, or of a kind without a known layout.
    """
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix")
    try:
        envelope = dict(_wire(body[len(MAGIC) :]))
        meta = {number: _bytes(value).decode() for number, value in _wire(_bytes(envelope[1]))}
        api_version, kind = meta.get(1, ""), meta.get(2, "")
        group, _, version = api_version.rpartition("/")
        definition = definition_of(group, version, kind)
        if not definition:
            raise bad_request(f'no kind "{kind}" is registered for version "{api_version}"')
        obj = _message(_bytes(envelope.get(2, b"")), definition, 0)
    except (ValueError, IndexError, KeyError, struct.error) as error:
        raise bad_request(f"the protobuf object could not be decoded: {error}") from error
    return {"kind": kind, "apiVersion": api_version, **obj}


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a message was expected")  # noqa: TRY004 -- malformed input, not a bug
    return value


def _wire(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and raw values, in order."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire_type == 2:
            length, position = _varint(data, position)
            if position + length > len(data):
                raise ValueError("unexpected EOF")
            yield number, data[position : position + length]
            position += length
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
            yield number, data[position : position + length]
            position += length
        else:
            raise ValueError(f"illegal wire type {wire_type}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
        if shift > 63:
            raise ValueError("integer overflow")


def _message(data: bytes, definition: str, depth: int) -> Obj:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    return _fields(data, list(fields_of(definition).values()), 0, depth)


def _fields(data: bytes, fields: list[Field], level: int, depth: int) -> Obj:
    """Fields at one level of inlining; deeper ones lie in a message of their own."""
    own = {field.numbers[level]: field for field in fields if len(field.numbers) == level + 1}
    inlined: dict[int, list[Field]] = {}
    for field in fields:
        if len(field.numbers) > level + 1:
            inlined.setdefault(field.numbers[level], []).append(field)
    obj: Obj = {}
    for number, raw in _wire(data):
        if number in inlined:
            obj.update(_fields(_bytes(raw), inlined[number], level + 1, depth))
        elif number in own:
            _store(obj, own[number], raw, depth)
    return obj


def _store(obj: Obj, field: Field, raw: int | bytes, depth: int) -> None:
    if field.is_map:
        entry = dict(_wire(_bytes(raw)))
        key = _bytes(entry.get(1, b"")).decode()
        value = entry.get(2, b"" if field.element not in ("int32", "int64", "bool") else 0)
        obj.setdefault(field.name, {})[key] = _value(value, field.element, depth)
        return
    value = _value(raw, field.element, depth)
    if field.is_list:
        obj.setdefault(field.name, []).append(value)
    elif value is not None and (field.is_pointer or not _is_zero(value)):
        obj[field.name] = value


def _is_zero(value: Any) -> bool:
    return value in ("", 0, False) and not isinstance(value, dict | list)


def _value(raw: int | bytes, type_: str, depth: int) -> Any:
    if type_ in SCALARS:
        return _scalar(raw, type_)
    data = _bytes(raw)
    if type_ in _SPECIAL:
        return _SPECIAL[type_](dict(_wire(data)))
    if type_.endswith(("ExtraValue", ".Verbs")):
        return [_bytes(item).decode() for _, item in _wire(data)]
    return _message(data, type_, depth + 1)


def _scalar(raw: int | bytes, type_: str) -> Any:
    if type_ == "string":
        return _bytes(raw).decode()
    if type_ == "bytes":
        return base64.b64encode(_bytes(raw)).decode()
    if type_ == "double":
        return struct.unpack("<d", _bytes(raw))[0]
    if not isinstance(raw, int):
        raise ValueError("a number was expected")  # noqa: TRY004 -- malformed input, not a bug
    if type_ == "bool":
        return bool(raw)
    return raw - (1 << 64) if raw >= 1 << 63 else raw


def _time(fields: dict[int, Any]) -> str | None:
    seconds = fields.get(1, 0)
    if not fields or seconds >= 1 << 63:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(fields: dict[int, Any]) -> str | None:
    whole = _time(fields)
    return None if whole is None else f"{whole[:-1]}.{fields.get(2, 0) // 1000:06d}Z"


def _int_or_string(fields: dict[int, Any]) -> int | str:
    if fields.get(1, 0) == 1:
        return bytes(fields.get(3, b"")).decode()
    value = int(fields.get(2, 0))
    return value - (1 << 64) if value >= 1 << 63 else value


def _raw(fields: dict[int, Any]) -> Any:
    return msgspec.json.decode(fields[1]) if fields.get(1) else None


_SPECIAL = {
    TIME: _time,
    MICRO_TIME: _micro_time,
    QUANTITY: lambda fields: bytes(fields.get(1, b"")).decode(),
    INT_OR_STRING: _int_or_string,
    RAW: _raw,
    FIELDS: _raw,
}
