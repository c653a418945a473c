"""RFC 3339 times as Kubernetes writes them, and ages as kubectl prints them."""

import re
from datetime import UTC, datetime, timedelta

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def parse_timestamp(text: str) -> datetime:
    """The time that an RFC 3339 text names, aware; digits below a microsecond are cut.

    Raises:
        ValueError: The text is no RFC 3339 time.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 2026-01-31T12:00:00Z")
    day, clock, fraction, zone = match.groups()
    micros = (fraction or "")[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{day}T{clock}.{micros}{'+00:00' if zone in 'Zz' else zone}")


def format_timestamp(moment: datetime) -> str:
    """The time in UTC as Kubernetes writes it, such as 2026-01-31T12:00:00Z.

    Fractions of a second appear only when there are any.
    """
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return text + "Z"


def age(created: datetime | None, now: datetime) -> str:
    """The time since `created` as kubectl prints it; `<unknown>` without one."""
    return "<unknown>" if created is None else human_duration(now - created)


def human_duration(length: timedelta) -> str:
    """A length of time in two units at most: `45s`, `3m12s`, `5h`, `3d4h`, `2y10d`.

    Follows apimachinery's duration.HumanDuration; up to a second in the future counts as now.
    """
    seconds = int(length.total_seconds())
    if seconds < -1:
        return "<invalid>"
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    return _days(hours)


def _days(hours: int) -> str:
    days = hours // 24
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
