"""Whole answers compared: status, the headers that mean something, and the body. Pure."""

from __future__ import annotations

from typing import Any

from tests.conformance.alike import difference, normal
from tests.conformance.raw_http import AnswerReader

_HEADERS = (
    "Cache-Control",
    "Content-Type",
    "Location",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Upgrade",
    "X-Content-Type-Options",
    "X-Stream-Protocol-Version",
)


def head_difference(recorded: dict[str, Any], answer: AnswerReader) -> str:
    """Where status or headers differ, in one line; "" when they are alike."""
    if answer.status != recorded["status"]:
        said = str(answer.value)[:200]
        return f"status {answer.status}, expected {recorded['status']} ({said})"
    wanted = {name.lower(): value for name, value in recorded["headers"].items()}
    for name in _HEADERS:
        expected, found = wanted.get(name.lower()), answer.headers.get(name.lower())
        if expected != found:
            return f"header {name}: {found!r}, expected {expected!r}"
    return ""


def answer_difference(recorded: dict[str, Any], answer: AnswerReader) -> str:
    """Where a whole answer differs, in one line; "" when it is alike."""
    wrong = head_difference(recorded, answer)
    wanted = recorded.get("body") or ""
    return wrong or difference(normal(wanted), normal(answer.value), "body")
