"""stern's own template functions: JSON, colours, levels and times. Pure."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

import msgspec

from stern import go_json
from stern.errors import RenderError, SternError
from stern.go_json import NumberText
from stern.json_renderers import json_or_text
from stern.palette import Palette
from stern.template.go_time import ZERO_TIME, GoTime, parse_time, rfc3339_nano
from stern.template.printf import sprintf
from stern.template.record import Record
from stern.template.values import ColorValue, NilMap, StringMap, text_of, type_name
from stern.timestamps import load_zone

_COLORS = {
    "Black": 30, "Red": 31, "Green": 32, "Yellow": 33, "Blue": 34, "Magenta": 35, "Cyan": 36,
    "White": 37,
}  # fmt: skip
_LEVELS = {
    "debug": 35, "info": 34, "warn": 33, "warning": 33, "error": 31, "dpanic": 31, "panic": 31,
    "fatal": 36, "critical": 36,
}  # fmt: skip
_BUNYAN = ((30, 35), (40, 34), (50, 33), (60, 31), (100, 36))


def string_argument(value: object) -> str:
    """A value where only a string will do.

    Raises:
        RenderError: It is none; a number of a JSON document is none either.
    """
    if isinstance(value, str) and not isinstance(value, NumberText):
        return value
    if value is None:
        raise RenderError("invalid value; expected string")
    raise RenderError(f"wrong type for value; expected string; got {type_name(value)}")


# -- JSON ------------------------------------------------------------------------------------------


def _refuse(name: str) -> object:
    raise ValueError(f"invalid character in {name}")


def _float(text: str) -> float:
    value = float(text)
    if value in (math.inf, -math.inf):
        raise ValueError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return value


_FLOATS = json.JSONDecoder(parse_int=_float, parse_float=_float, parse_constant=_refuse)
_KEEPING = json.JSONDecoder(parse_int=NumberText, parse_float=NumberText, parse_constant=_refuse)


def parse_json(text: object) -> dict[str, object]:
    """The object in a text, numbers as floats; `null` is an empty one."""
    source = string_argument(text)
    try:
        value = _FLOATS.decode(_without_halves(source))
    except (ValueError, RecursionError) as error:
        from stern.template.json_error import json_error

        raise RenderError(json_error(source) or str(error)) from error
    if value is None:
        return NilMap()
    if not isinstance(value, dict):
        kinds = {list: "array", float: "number"}
        kind = kinds.get(type(value), type_name(value))
        raise RenderError(
            f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    return value


def try_parse_json(text: object) -> dict[str, object]:
    """The first JSON value of a text if it is an object, numbers as written; else a nil map."""
    source = string_argument(text)
    value = _decoded_quickly(source)
    if value is _NOT_QUICKLY:
        try:
            value, _ = _KEEPING.raw_decode(_without_halves(source).lstrip(" \t\r\n"))
        except (ValueError, RecursionError):
            return NilMap()
    return value if isinstance(value, dict) else NilMap()


_HALVES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\udc80-\udcff]"
)


def _without_halves(source: str) -> str:
    """The JSON text with U+FFFD for bytes that are not UTF-8 and for halves of surrogate pairs."""
    return _HALVES.sub(lambda found: found[0] if len(found[0]) in (2, 12) else "\ufffd", source)


_NOT_QUICKLY = object()


@functools.cache
def _quick_decoder() -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(float_hook=NumberText)


def _decoded_quickly(source: str) -> object:
    """The value of a text that is JSON and nothing else, by the fast decoder."""
    if "-0" in source:
        return _NOT_QUICKLY  # it would lose the sign of a zero
    try:
        value = _quick_decoder().decode(source)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return _NOT_QUICKLY
    return _keeping_numbers(value)


def _keeping_numbers(value: object) -> object:
    """The same with whole numbers as the texts that they were."""
    if type(value) is int:
        return NumberText(value)
    if isinstance(value, dict):
        for key, item in value.items():
            if type(item) is int:
                value[key] = NumberText(item)
            elif type(item) is not str:
                value[key] = _keeping_numbers(item)
    elif isinstance(value, list):
        return [_keeping_numbers(item) for item in value]
    return value


def extract_json_parts(text: object, *keys: object) -> str:
    """The values of some keys, joined by a comma and a blank."""
    parsed = parse_json(text)
    return ", ".join(text_of(parsed.get(string_argument(key))) for key in keys)


def try_extract_json_parts(text: object, *keys: object) -> str:
    """The same; the text itself when it is no JSON object."""
    try:
        return extract_json_parts(text, *keys)
    except RenderError:
        return string_argument(text)


def to_json(value: object) -> str:
    """A value as JSON on one line."""
    if isinstance(value, GoTime):
        return f'"{rfc3339_nano(value)}"'
    if isinstance(value, Record):
        members = (f'"{key}":{go_json.encode(item)}' for key, item in value.as_json().items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, NilMap) or (isinstance(value, StringMap) and value.is_nil):
        return "null"
    try:
        return go_json.encode(value)
    except (TypeError, ValueError) as error:
        raise RenderError(str(error)) from error


def pretty_json(value: object) -> str:
    """An object, or a text that holds one, as indented JSON; anything else as it is."""
    if isinstance(value, str) and not isinstance(value, NumberText):
        try:
            return pretty_json(parse_json(value))
        except RenderError:
            return value
    if isinstance(value, NilMap):
        return "null"
    if isinstance(value, Mapping):
        return go_json.indent(value)
    return text_of(value)


def extjson(text: object) -> str:
    """A text as it is when it is JSON, else as a JSON string."""
    data = string_argument(text).encode("utf-8", "surrogateescape")
    return json_or_text(data).decode("utf-8", "surrogateescape")


# -- times -----------------------------------------------------------------------------------------


def to_time(value: object) -> GoTime | None:
    """The moment that a text, JSON number or integer names; None when it names none."""
    if value is None:
        return ZERO_TIME
    if isinstance(value, GoTime):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return GoTime(value * 1_000_000_000, None)
    return parse_time(value) if isinstance(value, str) else None


def to_rfc3339_nano(value: object) -> str:
    """RFC 3339; the year 1 for what is no time."""
    moment = to_time(value)
    return rfc3339_nano(ZERO_TIME if moment is None else moment)


def to_utc(value: object) -> GoTime:
    """The moment in UTC; the year 1 for what is no time."""
    moment = to_time(value)
    return ZERO_TIME if moment is None else moment.at(UTC)


def to_timestamp(value: object, layout: object, *zones: object) -> str:
    """The moment in a layout and a zone, which is UTC where none is given."""
    zone = zones[0] if zones else ""
    moment = to_time(value)
    if moment is None:
        raise RenderError(f"unable to parse date: {text_of(value)}")
    try:
        return moment.at(load_zone(string_argument(zone))).format(string_argument(layout))
    except SternError as error:
        raise RenderError(str(error)) from error


# -- colours ---------------------------------------------------------------------------------------


def _integer(value: object) -> int | None:
    """The whole number in a JSON number; None for what is none."""
    if isinstance(value, NumberText):
        return int(value) if value.lstrip("-").isdigit() else None
    return int(value) if isinstance(value, float) else None


class _Painter:
    """The functions that colour, with colours on or off as the palette says."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette

    def color(self, value: object, text: object) -> str:
        """`color .PodColor .PodName`."""
        if not isinstance(value, ColorValue):
            raise RenderError(f"wrong type for value; expected color.Color; got {type_name(value)}")
        return value.color.wrap_text(string_argument(text))

    def custom(self, text: object, *codes: object) -> str:
        """`colorCustom .Message 3 96`."""
        numbers = tuple(code for code in codes if isinstance(code, int))
        if len(numbers) != len(codes):
            raise RenderError("wrong type for value; expected int")
        return self._palette.color(numbers).wrap_text(string_argument(text))

    def level(self, value: object) -> str:
        """A level's name in its colour; nothing for what is no string."""
        if not isinstance(value, str) or isinstance(value, NumberText):
            return ""
        code = _LEVELS.get(value.lower())
        return value if code is None else self._palette.color((code,)).wrap_text(value)

    def bunyan_level(self, value: object) -> str:
        """A level's number in its colour; nothing for what is no number."""
        level = _integer(value)
        if level is None:
            return ""
        for below, code in _BUNYAN:
            if level < below:
                return self._palette.color((code,)).wrap_text(str(level))
        return str(level)

    def fixed(self, code: int) -> Callable[..., str]:
        """`colorRed` and the like; with more than one argument the first is a format."""

        def paint(layout: object, *values: object) -> str:
            text = string_argument(layout)
            return self._palette.color((code,)).wrap_text(sprintf(text, values) if values else text)

        return paint


def stern_functions(palette: Palette) -> dict[str, Callable[..., object]]:
    """The functions by name."""
    painter = _Painter(palette)
    return {
        "json": to_json,
        "parseJSON": parse_json,
        "tryParseJSON": try_parse_json,
        "extractJSONParts": extract_json_parts,
        "tryExtractJSONParts": try_extract_json_parts,
        "extjson": extjson,
        "prettyJSON": pretty_json,
        "toRFC3339Nano": to_rfc3339_nano,
        "toUTC": to_utc,
        "toTimestamp": to_timestamp,
        "color": painter.color,
        "colorCustom": painter.custom,
        "levelColor": painter.level,
        "bunyanLevelColor": painter.bunyan_level,
        **{f"color{name}": painter.fixed(code) for name, code in _COLORS.items()},
    }
