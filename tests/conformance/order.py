"""The order in which exchanges of two files were recorded, as their answers tell it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.conformance.result import Exchange

_NO_VERSION = -1


def merged(exchanges: Sequence[Exchange], others: Sequence[Exchange]) -> list[Exchange]:
    """Both together: each keeps its own order, and the newest version that was answered decides.

    An exchange without a version stands right after the one before it in its own file.
    """
    pairs = [
        *((version, 1, entry) for version, entry in _versioned(exchanges)),
        *((version, 0, entry) for version, entry in _versioned(others)),
    ]
    return [entry for _, _, entry in sorted(pairs, key=lambda pair: pair[:2])]


def _versioned(exchanges: Sequence[Exchange]) -> Iterator[tuple[int, Exchange]]:
    latest = _NO_VERSION
    for entry in exchanges:
        latest = max(latest, _version(entry))
        yield latest, entry


def _version(exchange: Exchange) -> int:
    """The resource version of a whole answer, -1 without one."""
    response = exchange.get("response")
    body = response.get("body") if isinstance(response, dict) else None
    meta = body.get("metadata") if isinstance(body, dict) else None
    text = str(meta.get("resourceVersion", "")) if isinstance(meta, dict) else ""
    return int(text) if text.isdigit() else _NO_VERSION
