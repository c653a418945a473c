"""JSON bytes to values and back; the only module that imports the JSON library.

Decoding is typed and lenient the way Go's is: unknown fields are skipped, and a `null` where a
list or a map was promised means an empty one.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

QUICK_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class MalformedJsonError(ValueError):
    """The bytes are no JSON, or not of the promised shape; the text says where."""


def decode_json(data: bytes | str) -> Any:
    """The JSON value as dicts, lists, strings and numbers.

    Raises:
        MalformedJsonError: The bytes are not JSON.
    """
    try:
        return _untyped.decode(data)
    except QUICK_ERRORS as error:
        raise MalformedJsonError(str(error)) from error


def decode_as(data: bytes | str, decode_to: type[T]) -> T:
    """The JSON value as the given type.

    Raises:
        MalformedJsonError: The bytes are not JSON, or a field has the wrong type.
    """
    try:
        wanted: Any = decode_to  # for mypy a class with a type variable is not hashable
        value: T = _decoder(wanted).decode(data)
    except msgspec.ValidationError:
        return convert(decode_json(data), decode_to)
    except QUICK_ERRORS as error:
        raise MalformedJsonError(str(error)) from error
    return value


def convert(value: Any, decode_to: type[T]) -> T:
    """A decoded JSON value as the given type; nulls count as absent.

    Raises:
        MalformedJsonError: A field has the wrong type.
    """
    try:
        return msgspec.convert(_without_nulls(value), decode_to)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MalformedJsonError(str(error)) from error


def quick_decoder(decode_to: type[T]) -> Callable[[bytes], T]:
    """A decoder for many values of one type; where it raises QUICK_ERRORS ask `decode_as`."""
    wanted: Any = decode_to
    decode: Callable[[bytes], T] = _decoder(wanted).decode
    return decode


def encode_json(value: Any) -> bytes:
    """The value as compact JSON."""
    return msgspec.json.encode(value)


@lru_cache(maxsize=256)
def _decoder(decode_to: Any) -> msgspec.json.Decoder[Any]:
    """Made once for each type: that costs a hundred times what decoding a pod does."""
    return msgspec.json.Decoder(decode_to)


_untyped = msgspec.json.Decoder()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
