"""Canonical values to the model's own: sizes in bytes, durations normal, commands split.

A codec turns one value into what the model shows, or ``OMIT`` where the model shows nothing.
The forms of the keys say which codec each attribute has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kompose.compose.casts import to_boolean, to_float, to_int64
from kompose.compose.record import Record
from kompose.compose.scalars import scalar_text
from kompose.compose.shell_words import split_words
from kompose.compose.units import format_duration, parse_duration, parse_size

Codec = Callable[[Any], Any]
_OCTAL = re.compile("[+-]?[0-7]+")
OMIT: Any = object()
"""Stands for an attribute that the model does not show."""


class DecodeError(ValueError):
    """What could not be decoded: places below the value, and why."""

    def __init__(self, findings: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{place} {reason}" for place, reason in findings))
        self.findings = findings


def below(place: str, error: ValueError) -> list[tuple[str, str]]:
    """What could not be decoded at a place, or in it."""
    if isinstance(error, DecodeError):
        return [(place + inner, reason) for inner, reason in error.findings]
    return [(place, str(error))]


def text(value: Any) -> Any:
    """A text, unless it is empty."""
    if value.__class__ is str:
        return value or OMIT
    return OMIT if value is None else scalar_text(value)


def number(value: Any) -> Any:
    """A number, unless it is zero."""
    return (_number(value) or OMIT) if value else OMIT


def unsigned(bits: int) -> Codec:
    """A codec of numbers that are never written as text."""

    def decode(value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f"expected type 'uint{bits}', got unconvertible type 'string'")  # noqa: TRY004 - as its neighbours
        return number(value)

    return decode


def whole_or_zero(value: Any) -> Any:
    """A number; zero is a value too."""
    return OMIT if value is None else _number(value)


def count(value: Any) -> Any:
    """A number that is not negative; zero is a value too."""
    if isinstance(value, str):
        raise ValueError("expected type 'uint64', got unconvertible type 'string'")  # noqa: TRY004 - as its neighbours
    shown = whole_or_zero(value)
    if shown is not OMIT and shown < 0:
        raise ValueError(f"cannot parse value as 'uint64': {shown} overflows uint")
    return shown


def _number(value: Any) -> int:
    if isinstance(value, str):
        return to_int64(value, _say_nothing)
    _check_finite(value)
    return int(value)


def _check_finite(number: float) -> None:
    if not math.isfinite(number):
        raise ValueError(f"invalid number: '{scalar_text(number)}'")


def _say_nothing(_text: str) -> None:
    """Texts are still here only where variables were left alone; nobody is told of old words."""


def flag(value: Any) -> Any:
    """A truth, shown when it holds."""
    return True if _truth(value) else OMIT


def choice(value: Any) -> Any:
    """A truth that says something either way."""
    return OMIT if value is None else _truth(value)


def denial(value: Any) -> Any:
    """A truth that goes without saying, shown when it is denied."""
    return False if value is False else OMIT


def _truth(value: Any) -> bool:
    return to_boolean(value, _say_nothing) if isinstance(value, str) else bool(value)


def texts(value: Any) -> Any:
    """Texts, from one or a list."""
    if value is None:
        return OMIT
    entries = value if isinstance(value, list) else [value]
    return [e if e.__class__ is str else scalar_text(e) for e in entries] or OMIT


def whole_texts(value: Any) -> Any:
    """Texts in which a whole number stands for its digits, and no other number for anything."""
    _refuse_fractions(enumerate(value or ()))
    return texts(value)


def whole_text_mapping(value: Any) -> Any:
    """A mapping of such texts."""
    _refuse_fractions((value or {}).items())
    return plain_mapping(value)


def _refuse_fractions(entries: Iterable[tuple[object, Any]]) -> None:
    findings = [
        (f"[{place}]", "expected type 'string', got unconvertible type 'float64'")
        for place, entry in entries
        if isinstance(entry, float)
    ]
    if findings:
        raise DecodeError(findings)


def plain_mapping(value: Any) -> Any:
    """A mapping of texts, from a mapping or ``name=value`` pairs; nothing is an empty text."""
    entries = named_values(value)
    for name, entry in entries.items():
        if entry is None:
            entries[name] = ""
    return entries or OMIT


def environment(value: Any) -> Any:
    """A mapping of texts in which a name may have no value."""
    entries = named_values(value)
    for name in entries:
        if name.endswith((" ", "\t")):
            raise ValueError(f"environment variable {name} is declared with a trailing space")
    return entries or OMIT


def named_values(value: Any) -> dict[str, str | None]:
    """The mapping that a mapping or a list of ``name=value`` stands for."""
    if isinstance(value, dict):
        return {
            name: entry if entry is None or entry.__class__ is str else scalar_text(entry)
            for name, entry in value.items()
        }
    pairs = (scalar_text(entry).partition("=") for entry in value or [])
    return {name: entry if equals else None for name, equals, entry in pairs}


def hosts(value: Any) -> Any:
    """Extra hosts as sorted ``name=address`` pairs."""
    found: list[str] = []
    if isinstance(value, dict):
        for name, addresses in value.items():
            each = addresses if isinstance(addresses, list) else [addresses or ""]
            found.extend(_addressed(name, scalar_text(address)) for address in each)
    else:
        for entry in value or []:
            found.extend(_host(scalar_text(entry)))
    return sorted(found) or OMIT


def _host(entry: str) -> list[str]:
    """One pair for each of a host's addresses, which commas separate."""
    separator = "=" if "=" in entry else ":"
    name, found, address = entry.partition(separator)
    if not found:
        raise ValueError(f"invalid additional host, missing IP: {entry}")
    return [_addressed(name, each) for each in address.split(",")]


def _addressed(name: str, address: str) -> str:
    if not name or ":" in name or "=" in name:
        raise ValueError(f"bad host name '{name}'")
    is_bracketed = len(address) > 2 and address.startswith("[") and address.endswith("]")
    return f"{name}={address[1:-1] if is_bracketed else address}"


def size(value: Any) -> Any:
    """Bytes as text, unless zero."""
    if isinstance(value, float):
        return OMIT
    amount = value if isinstance(value, int) else _size(value)
    return str(amount) if amount else OMIT


def _size(value: Any) -> int:
    return parse_size(scalar_text(value)) if value is not None else 0


def duration(value: Any) -> Any:
    """A normal duration; zero is a value too."""
    return OMIT if value is None else format_duration(parse_duration(scalar_text(value)))


def duration_or_nothing(value: Any) -> Any:
    """A normal duration, unless zero."""
    shown = duration(value)
    return OMIT if shown == "0s" else shown


def float_number(value: Any) -> Any:
    """A number with a fraction, unless zero; text is read."""
    if isinstance(value, str):
        value = to_float(value)
    if not value:
        return OMIT
    _check_finite(value)
    return int(value) if float(value).is_integer() else value


def file_mode(value: Any) -> Any:
    """Permissions as octal digits after a nought."""
    if value is None:
        return OMIT
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"invalid file mode {scalar_text(value)}")
    if isinstance(value, str) and not _OCTAL.fullmatch(value):
        raise ValueError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    bits = int(value, 8) if isinstance(value, str) else int(value)
    return f"0{bits:o}"


def command(value: Any) -> Any:
    """An argument list; text is split into words. Nothing stays nothing."""
    if value is None:
        return None
    if isinstance(value, str):
        return split_words(value).words
    return [e if e.__class__ is str else scalar_text(e) for e in value]


def health_test(value: Any) -> Any:
    """A health check's test; text is for the shell. An empty one is not the same as none."""
    if isinstance(value, str):
        return ["CMD-SHELL", value]
    return [] if value == [] else texts(value)


def listed(codec: Codec) -> Codec:
    """A list of values of one kind."""

    def decode(value: Any) -> Any:
        shown: list[Any] = []
        findings: list[tuple[str, str]] = []
        for index, entry in enumerate(value or []):
            try:
                shown.append(codec(entry))
            except ValueError as error:
                findings.extend(below(f"[{index}]", error))
        if findings:
            raise DecodeError(findings)
        return shown or OMIT

    return decode


def keyed(codec: Codec) -> Codec:
    """A mapping of values of one kind; a missing value is shown as null."""

    def decode(value: Any) -> Any:
        shown: dict[str, Any] = {}
        findings: list[tuple[str, str]] = []
        for key, entry in (value or {}).items():
            try:
                decoded = None if entry is None else codec(entry)
            except ValueError as error:
                findings.extend(below(f"[{key}]", error))
                continue
            if decoded is not OMIT:
                shown[key] = decoded
        if findings:
            raise DecodeError(findings)
        return shown or OMIT

    return decode


def record(
    fields: Mapping[str, Codec],
    always: Mapping[str, Any] | None = None,
    *,
    has_extensions: bool = True,
) -> Codec:
    """A record of known attributes, in their order; ``always`` are never missing."""
    defaults = {
        key: Record(value, tuple(value)) if isinstance(value, dict) else value
        for key, value in (always or {}).items()
    }
    order = tuple(fields)

    def decode(value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise ValueError(f'expected a map or struct, got "{_go_kind(value)}"')
        given: dict[str, Any] = value or {}
        shown: dict[str, Any] = {}
        extensions: dict[str, Any] = {}
        findings: list[tuple[str, str]] = []
        for key, entry in given.items():
            codec = fields.get(key)
            if codec is None:
                if has_extensions and key.startswith("x-"):
                    extensions[key] = entry
                continue
            try:
                decoded = codec(entry)
            except ValueError as error:
                findings.extend(below(f".{key}", error))
                continue
            if decoded is not OMIT:
                shown[key] = decoded
        if findings:
            raise DecodeError(sorted(findings, key=lambda finding: _rank(finding[0], order)))
        for key, default in defaults.items():
            shown.setdefault(key, default)
        return Record(shown, order, extensions)

    return decode


def _rank(place: str, order: tuple[str, ...]) -> int:
    """Where in the order the attribute stands in which something is wrong."""
    return order.index(re.split(r"[.\[]", place.removeprefix("."))[0])


def _go_kind(value: Any) -> str:
    kinds = {str: "string", bool: "bool", int: "int", float: "float64", list: "slice"}
    return kinds.get(type(value), "interface")


def or_nothing(codec: Codec) -> Codec:
    """A record that is not shown when its source says nothing."""

    def decode(value: Any) -> Any:
        return OMIT if value is None else codec(value)

    return decode
