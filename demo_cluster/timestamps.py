"""Times as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """`2026-01-01T12:00:00Z`: metav1.Time, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: datetime) -> str:
    """`2026-01-01T12:00:00.000000Z`: metav1.MicroTime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timestamp(text: str) -> datetime:
    """A time that the API wrote, aware and in UTC.

    Raises:
        ValueError: The text is no RFC 3339 time.
    """
    return datetime.fromisoformat(text).astimezone(UTC)
