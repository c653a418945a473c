"""Structured lines, JSON or logfmt, one by one: their level, and a form that people can read. Pure.

A line that is neither is left alone, whatever stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stern.palette import Palette

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
_LEVEL_KEYS = (
    "level", "lvl", "severity", "log.level", "loglevel", "levelname", "@level", "severityText",
)  # fmt: skip
_TIME_KEYS = ("time", "ts", "timestamp", "@timestamp", "t", "datetime", "eventTime")
_MESSAGE_KEYS = ("msg", "message", "@message", "event", "log", "textPayload")
_NAMES = {
    "trace": 0, "verbose": 0, "finest": 0, "finer": 0,
    "debug": 1, "dbg": 1, "fine": 1, "d": 1,
    "info": 2, "information": 2, "informational": 2, "notice": 2, "i": 2,
    "warn": 3, "warning": 3, "w": 3, "wrn": 3,
    "error": 4, "err": 4, "severe": 4, "e": 4,
    "fatal": 5, "panic": 5, "dpanic": 5, "critical": 5, "crit": 5, "alert": 5, "emergency": 5,
    "emerg": 5, "f": 5,
}  # fmt: skip
_COLORS = (90, 35, 34, 33, 31, 36)
_PAIR = re.compile(rb'([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')
_LEAST_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Structured:
    """What a structured line says; `level` is a place in LEVELS, None where it has none."""

    level: int | None
    time: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)


def parse_structured(line: bytes) -> Structured | None:
    """The line's parts; None for a plain line."""
    found = _decoded(line)
    if not found:
        return None
    level_key = _first_key(found, _LEVEL_KEYS)
    time_key = _first_key(found, _TIME_KEYS)
    message_key = _first_key(found, _MESSAGE_KEYS)
    own = {level_key, time_key, message_key}
    return Structured(
        level=_level(found.get(level_key)),
        time=_time(found.get(time_key)),
        message=_shown(found.get(message_key, "")),
        fields={key: value for key, value in found.items() if key not in own},
    )


def _decoded(line: bytes) -> dict[str, object] | None:
    text = line.strip()
    if text[:1] == b"{" and text[-1:] == b"}":
        return _json(text)
    return _logfmt(text) if b"=" in text else None


def _first_key(found: Mapping[str, object], keys: Sequence[str]) -> str:
    for key in keys:
        if key in found:
            return key
    return ""


def _json(text: bytes) -> dict[str, object] | None:
    import msgspec

    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _logfmt(text: bytes) -> dict[str, object] | None:
    """Key and value pairs that make up the whole line, a level or a message among them."""
    found: dict[str, object] = {}
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            return None
        value = pair[2].decode("utf-8", "replace")
        if value.startswith('"'):
            value = re.sub(r"\\(.)", _unescaped, value[1:-1])
        found[pair[1].decode()] = value
        at = pair.end()
    known = _first_key(found, (*_LEVEL_KEYS, *_MESSAGE_KEYS))
    return found if len(found) >= _LEAST_PAIRS and known else None


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1])


def _level(value: object) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return min(max(int(value) // 10 - 1, 0), 5)  # pino's and bunyan's: 10 is trace
    return _NAMES.get(str(value).strip().lower())


def _time(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        from datetime import UTC, datetime

        seconds = value / 1000 if value > 1e11 else value
        try:
            moment = datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            return str(value)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    return str(value)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    import msgspec

    return msgspec.json.encode(value).decode()


class Humanizer:
    """Structured lines as `time LEVEL message key=value ...`; plain lines as they are."""

    def __init__(self, palette: Palette, fields: Sequence[str] = ()) -> None:
        self._palette = palette
        self._fields = fields

    def show(self, line: bytes) -> bytes:
        """The line in a form that people can read."""
        parsed = parse_structured(line)
        if parsed is None:
            return line
        words = [parsed.time] if parsed.time else []
        if parsed.level is not None:
            color = self._palette.color((_COLORS[parsed.level],))
            words.append(color.wrap_text(f"{LEVELS[parsed.level].upper():5}"))
        if parsed.message:
            words.append(parsed.message)
        words += self._pairs(parsed.fields)
        if not words:
            return line
        return " ".join(words).replace("\n", "\\n").encode("utf-8", "replace")

    def _pairs(self, fields: Mapping[str, object]) -> list[str]:
        chosen = self._fields or tuple(fields)
        faint = self._palette.color((2,))
        return [
            f"{faint.wrap_text(f'{key}=')}{_quoted(_shown(fields[key]))}"
            for key in chosen
            if key in fields
        ]


def _quoted(text: str) -> str:
    is_plain = text and not re.search(r'[\s"=]', text)
    return text if is_plain or text[:1] in ("{", "[") else '"' + text.replace('"', '\\"') + '"'


def is_at_least(line: bytes, level: int) -> bool:
    """Whether a line is of a level or worse; a line without a level always is."""
    found = _decoded(line)
    if not found:
        return True
    own = _level(found.get(_first_key(found, _LEVEL_KEYS)))
    return own is None or own >= level
