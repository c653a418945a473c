"""Ages as kubectl prints them. Follows apimachinery's duration.HumanDuration."""

from __future__ import annotations

from datetime import datetime

from demo_cluster.timestamps import parse_timestamp


def age(text: str | None, now: datetime) -> str:
    """`3d4h` since a timestamp; `<unknown>` when there is none."""
    if not text:
        return "<unknown>"
    return human_duration((now - parse_timestamp(text)).total_seconds())


def human_duration(seconds: float) -> str:
    """`119s`, `5m30s`, `119m`, `3h20m`, `2d3h`, `30d`, `2y30d`: two units while small."""
    if seconds < -1:
        return "<invalid>"
    total = int(max(seconds, 0))
    if total < 120:
        return f"{total}s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if minutes < 10:
        return _two(minutes, "m", total % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
