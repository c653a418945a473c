"""What a recording says about streams of bytes: its pieces, and what varies in them. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}Z")
_CUT_STAMP = re.compile(rb"(?m)^\d{4}(-\d\d(-\d\d(T[\d:.]*)?)?)?$")
_VARIES = (
    (_STAMP, b"<stamp>"),
    (re.compile(rb"\b1[789]\d{8}\b"), b"<epoch>"),
    (re.compile(rb"[0-9a-f]{63,64}"), b"<container>"),
    (re.compile(rb"Date: \w{3}, [^\r\n]* GMT"), b"Date: <time>"),
    (re.compile(rb'ETag: "[0-9a-f]+-'), b'ETag: "<time>-'),
    (re.compile(rb"BusyBox v[^\r\n]* built-in shell"), b"BusyBox <version> built-in shell"),
    (re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), b"<uid>"),
)


def content(data: Any) -> bytes:
    """The bytes of a recorded value: text, base64, or text with runs of one character."""
    if isinstance(data, str):
        return data.encode()
    if "b64" in data:
        return base64.b64decode(data["b64"])
    return "".join(
        part if isinstance(part, str) else part["repeat"] * part["times"]
        for part in data["segments"]
    ).encode()


def chunk(entry: dict[str, Any]) -> bytes:
    """The bytes of a recorded chunk."""
    return content(entry.get("text", entry))


def without_what_varies(data: bytes) -> bytes:
    """The bytes with stamps, epochs and container ids replaced."""
    for pattern, placeholder in _VARIES:
        data = pattern.sub(placeholder, data)
    return _CUT_STAMP.sub(lambda found: b"<%d of a stamp>" % len(found[0]), data)


def together(pieces: Iterable[tuple[float, bytes]], within: float) -> list[bytes]:
    """The bytes that came at one moment, moment by moment; `within` in the unit of the times."""
    moments: list[bytes] = []
    last = float("-inf")
    for moment, data in pieces:
        if moments and moment - last <= within:
            moments[-1] += data
        else:
            moments.append(data)
        last = moment
    return moments


def first_difference(expected: list[bytes], found: list[bytes]) -> str:
    """Where two rows of pieces first differ, in one line; "" when they are alike."""
    for index, (wanted, got) in enumerate(zip(expected, found, strict=False)):
        if wanted != got:
            return f"piece {index}: {_short(got)}, expected {_short(wanted)}"
    if len(expected) != len(found):
        rest = (expected if len(expected) > len(found) else found)[min(len(expected), len(found))]
        return f"{len(found)} pieces, expected {len(expected)}; the first odd one is {_short(rest)}"
    return ""


def _short(data: bytes, limit: int = 160) -> str:
    return repr(data if len(data) <= limit else data[:limit] + b"..." + str(len(data)).encode())
