"""A log line as pieces: JSON as `LEVEL message key=value`, level words in their tone. Pure."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from kube_tui.text.document import Line, Piece, Role

_LEVEL_KEYS = ("level", "lvl", "severity", "log.level", "levelname")
_MESSAGE_KEYS = ("msg", "message", "log", "event", "text")
_TIME_KEYS = frozenset({"ts", "time", "timestamp", "@timestamp", "t"})
_LEVEL_ROLES = {
    **dict.fromkeys(("fatal", "panic", "critical", "crit", "error", "err", "alert"), Role.BROKEN),
    **dict.fromkeys(("warn", "warning"), Role.ATTENTION),
    **dict.fromkeys(("debug", "trace"), Role.QUIET),
    **dict.fromkeys(("info", "notice"), Role.WORD),
}
_WORD = re.compile(
    r"\b(FATAL|PANIC|CRITICAL|ERROR|WARN(?:ING)?|DEBUG|TRACE)\b|\blevel=(\w+)|^([EWF])\d{4} "
)
_KLOG = {"E": Role.BROKEN, "F": Role.BROKEN, "W": Role.ATTENTION}


def dress(message: str, *, raw: bool = False) -> Line:
    """The message as it is shown."""
    if not raw and message.startswith("{") and message.rstrip().endswith("}"):
        fields = _json_object(message)
        if fields is not None:
            return _structured(fields)
    return _plain(message)


def _json_object(message: str) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _structured(fields: dict[str, Any]) -> Line:
    rest = {k: v for k, v in fields.items() if k not in _TIME_KEYS}
    level = next((str(rest.pop(k)) for k in _LEVEL_KEYS if k in rest), "")
    said = next((rest.pop(k) for k in _MESSAGE_KEYS if isinstance(rest.get(k), str)), "")
    pieces = []
    if level:
        role = _LEVEL_ROLES.get(level.lower(), Role.WORD)
        pieces.append(Piece(f"{level.upper():<5} ", role))
    if said:
        pieces.append(Piece(said))
    for name, value in rest.items():
        pieces.append(Piece(f" {name}=", Role.QUIET))
        pieces.append(Piece(value if isinstance(value, str) else _compact(value), Role.NUMBER))
    return tuple(pieces)


def _compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _plain(message: str) -> Line:
    match = _WORD.search(message)
    if match is None:
        return (Piece(message),)
    if match[3]:
        role = _KLOG[match[3]]
    else:
        role = _LEVEL_ROLES.get((match[1] or match[2]).lower(), Role.VALUE)
    start, end = match.span()
    before, word, after = message[:start], message[start:end], message[end:]
    return tuple(piece for piece in (Piece(before), Piece(word, role), Piece(after)) if piece.text)
