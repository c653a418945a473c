"""Moments with nanoseconds, and Go's layouts: `2006-01-02T15:04:05Z07:00`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000
_CYCLE_YEARS = 400
_CYCLE_SECONDS = 146_097 * 86_400
"""After which the calendar repeats, days of the week included."""
_CALENDAR = (-62_135_424_000, 253_402_128_000)
"""The seconds that datetime has dates for, a day less at either end for the zones."""
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_LAYOUT_PARTS = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|"
    r"-07:00:00|-07:00|-070000|-0700|-07|Z07:00:00|Z07:00|Z070000|Z0700|Z07|"
    r"002|__2|_2(?!006)|01|02|03|04|05|06|15|PM|pm|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5"
)


@dataclass(frozen=True, slots=True)
class GoTime:
    """A moment in a zone; None is the machine's own zone."""

    nanoseconds: int
    zone: tzinfo | None = UTC

    @classmethod
    def of(cls, moment: datetime, fraction: int = 0, zone: tzinfo | None = UTC) -> GoTime:
        """The moment, with a fraction of a second in nanoseconds."""
        seconds = (moment.replace(microsecond=0) - _EPOCH) // timedelta(seconds=1)
        return cls(seconds * _SECOND + fraction, zone)

    @property
    def fraction(self) -> int:
        """Nanoseconds within the second."""
        return self.nanoseconds % _SECOND

    @property
    def _cycles(self) -> int:
        """How many times the calendar repeats between datetime's years and this moment's."""
        seconds = self.nanoseconds // _SECOND
        if seconds < _CALENDAR[0]:
            return (seconds - _CALENDAR[0]) // _CYCLE_SECONDS
        return max(-(-(seconds - _CALENDAR[1]) // _CYCLE_SECONDS), 0)

    @property
    def year(self) -> int:
        """The year in the zone, which may be beyond those that `local` can say."""
        return self.local.year + self._cycles * _CYCLE_YEARS

    @property
    def local(self) -> datetime:
        """Date and time of day in the zone, to the second; of a year that has the same calendar."""
        seconds = self.nanoseconds // _SECOND - self._cycles * _CYCLE_SECONDS
        return (_EPOCH + timedelta(seconds=seconds)).astimezone(self.zone)

    def at(self, zone: tzinfo | None) -> GoTime:
        """The same moment in another zone."""
        return GoTime(self.nanoseconds, zone)

    def plus(self, years: int, months: int, days: int) -> GoTime:
        """The same time of day on another date; a day too many goes over into the next month."""
        local = self.local
        month = local.month - 1 + months
        first = local.replace(year=local.year + years + month // 12, month=month % 12 + 1, day=1)
        return GoTime.of(first + timedelta(days=local.day - 1 + days), self.fraction, self.zone)

    def format(self, layout: str) -> str:
        """The moment as the layout shows it."""
        local, year = self.local, self.year
        return _LAYOUT_PARTS.sub(lambda found: _shown(found[0], local, year, self.fraction), layout)

    def __str__(self) -> str:
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")


ZERO_TIME = GoTime.of(datetime(1, 1, 1, tzinfo=UTC))


def rfc3339_nano(moment: GoTime) -> str:
    """RFC 3339 without trailing zeros in the fraction."""
    return moment.format("2006-01-02T15:04:05.999999999Z07:00")


def _shown(part: str, local: datetime, year: int, fraction: int) -> str:
    if part == "2006":
        return f"{year:04d}" if year >= 0 else f"-{-year:04d}"
    if part == "06":
        return f"{abs(year) % 100:02d}"
    if part in _SIMPLE_PARTS:
        return _SIMPLE_PARTS[part](local)
    if part[0] in ".,":
        digits = f"{fraction:09d}"
        if part[1] == "0":
            return part[0] + digits[: len(part) - 1]
        digits = digits[: len(part) - 1].rstrip("0")
        return part[0] + digits if digits else ""
    return _offset(part, local)


def zone_name(local: datetime) -> str:
    """The zone's abbreviation, or its offset where it has none."""
    name = local.tzname() or ""
    if name.startswith("UTC") and name != "UTC":
        name = ""
    if re.fullmatch(r"[A-Z]{3,5}|ChST|MeST|WITA", name):
        return name
    return _offset("-07" if not _offset_seconds(local) % 3600 else "-0700", local)


def _offset_seconds(local: datetime) -> int:
    offset = local.utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _offset(part: str, local: datetime) -> str:
    seconds = _offset_seconds(local)
    if part[0] == "Z" and not seconds:
        return "Z"
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    colon = ":" if ":" in part else ""
    numbers = [f"{hours:02d}", f"{minutes:02d}", f"{rest:02d}"]
    return sign + colon.join(numbers[: len(part.replace(":", "")) // 2])


_SIMPLE_PARTS: dict[str, Callable[[datetime], str]] = {
    "January": lambda t: MONTHS[t.month - 1],
    "Jan": lambda t: MONTHS[t.month - 1][:3],
    "Monday": lambda t: DAYS[t.weekday()],
    "Mon": lambda t: DAYS[t.weekday()][:3],
    "MST": zone_name,
    "01": lambda t: f"{t.month:02d}",
    "1": lambda t: str(t.month),
    "02": lambda t: f"{t.day:02d}",
    "_2": lambda t: f"{t.day:2d}",
    "2": lambda t: str(t.day),
    "002": lambda t: f"{t.timetuple().tm_yday:03d}",
    "__2": lambda t: f"{t.timetuple().tm_yday:3d}",
    "15": lambda t: f"{t.hour:02d}",
    "03": lambda t: f"{t.hour % 12 or 12:02d}",
    "3": lambda t: str(t.hour % 12 or 12),
    "04": lambda t: f"{t.minute:02d}",
    "4": lambda t: str(t.minute),
    "05": lambda t: f"{t.second:02d}",
    "5": lambda t: str(t.second),
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
}


# -- parsing ---------------------------------------------------------------------------------------

_PATTERNS = {
    "January": f"(?P<month_name>{'|'.join(MONTHS)})",
    "Jan": f"(?P<month_name>{'|'.join(month[:3] for month in MONTHS)})",
    "Monday": f"(?:{'|'.join(DAYS)})",
    "Mon": f"(?:{'|'.join(day[:3] for day in DAYS)})",
    "MST": r"(?P<zone>UTC|ChST|MeST|GMT(?:[+-]\d{1,2})?|WITA|[A-Z]{3}T?(?![A-Z])|[A-Z]{4}T(?![A-Z])"
    r"|[+-]\d{2})",
    "2006": r"(?P<year>\d{4})",
    "06": r"(?P<short_year>\d{2})",
    "01": r"(?P<month>\d{2})",
    "1": r"(?P<month>\d{1,2})",
    "02": r"(?P<day>\d{2})",
    "_2": r"(?P<day> ?\d{1,2})",
    "2": r"(?P<day>\d{1,2})",
    "15": r"(?P<hour>\d{2})",
    "03": r"(?P<hour>\d{2})",
    "3": r"(?P<hour>\d{1,2})",
    "04": r"(?P<minute>\d{2})",
    "4": r"(?P<minute>\d{1,2})",
    "05": r"(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?",
    "5": r"(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?",
    "PM": "(?P<half>AM|PM)",
    "pm": "(?P<half>am|pm)",
    "-0700": r"(?P<offset>[+-]\d{4})",
    "-07:00": r"(?P<offset>[+-]\d{2}:\d{2})",
    "-07": r"(?P<offset>[+-]\d{2})",
    "Z0700": r"(?P<offset>Z|[+-]\d{4})",
    "Z07:00": r"(?P<offset>Z|[+-]\d{2}:\d{2})",
    "Z07": r"(?P<offset>Z|[+-]\d{2})",
}

LAYOUTS = (
    "2006-01-02",
    "2006-01-02T15:04:05Z07:00",
    "2006-01-02T15:04:05",
    "Mon, 02 Jan 2006 15:04:05 -0700",
    "Mon, 02 Jan 2006 15:04:05 MST",
    "02 Jan 06 15:04 -0700",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "2006-01-02 15:04:05 -0700 MST",
    "2006-01-02T15:04:05-0700",
    "2006-01-02 15:04:05Z0700",
    "2006-01-02 15:04:05",
    "Mon Jan _2 15:04:05 2006",
    "Mon Jan _2 15:04:05 MST 2006",
    "Mon Jan 02 15:04:05 -0700 2006",
    "2006-01-02 15:04:05Z07:00",
    "02 Jan 2006",
    "2006-01-02 15:04:05 -07:00",
    "2006-01-02 15:04:05 -0700",
    "3:04PM",
    "Jan _2 15:04:05",
)
"""The forms of time in which a text is understood, in the order in which they are tried."""

_SECONDS = re.compile(r"(\d+)(?:\.(\d*))?", re.ASCII)


def _pattern_of(layout: str) -> re.Pattern[str]:
    parts = []
    position = 0
    for found in _LAYOUT_PARTS.finditer(layout):
        parts += [re.escape(layout[position : found.start()]), _PATTERNS[found[0]]]
        position = found.end()
    return re.compile("".join([*parts, re.escape(layout[position:])]), re.ASCII)


class _KnownLayouts:
    """The layouts as patterns, made when the first time is parsed."""

    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def all(cls) -> tuple[re.Pattern[str], ...]:
        if not cls.patterns:
            cls.patterns = tuple(_pattern_of(layout) for layout in LAYOUTS)
        return cls.patterns


def parse_time(text: str) -> GoTime | None:
    """The moment that a text names: seconds since 1970, or one of the layouts; else None.

    Seconds are in the machine's zone, texts without a zone in UTC.
    """
    seconds = _SECONDS.fullmatch(text)
    if seconds is not None:
        if text.endswith("."):
            return None
        fraction = (seconds[2] or "")[:9].ljust(9, "0")
        return GoTime(int(seconds[1]) * _SECOND + int(fraction), None)
    for pattern in _KnownLayouts.all():
        found = pattern.fullmatch(text)
        if found is not None:
            moment = _moment(found.groupdict())
            if moment is not None:
                return moment
    return None


def _moment(parts: dict[str, str | None]) -> GoTime | None:
    year = _year(parts)
    cycles = 0 if year else 1
    try:
        local = datetime(
            year + cycles * _CYCLE_YEARS,
            _month(parts),
            int(parts.get("day") or 1),
            _hour(parts),
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
            tzinfo=_zone(parts),
        )
    except ValueError:
        return None
    fraction = (parts.get("fraction") or "")[:9].ljust(9, "0")
    moment = GoTime.of(local, int(fraction), local.tzinfo)
    seconds = cycles * _CYCLE_SECONDS - _unapplied_offset(parts)
    return GoTime(moment.nanoseconds - seconds * _SECOND, moment.zone)


def _unapplied_offset(parts: dict[str, str | None]) -> int:
    """The seconds of a zone such as GMT+3: Go shows the moment in it, but reads it in UTC."""
    zone = parts.get("zone") or ""
    return int(zone[3:]) * 3600 if zone[:3] == "GMT" and zone[3:] and not parts.get("offset") else 0


def _year(parts: dict[str, str | None]) -> int:
    short = parts.get("short_year")
    if short:
        return int(short) + (1900 if int(short) >= 69 else 2000)
    return int(parts.get("year") or 0)


def _month(parts: dict[str, str | None]) -> int:
    name = parts.get("month_name")
    if name:
        return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name))
    return int(parts.get("month") or 1)


def _hour(parts: dict[str, str | None]) -> int:
    hour, half = int(parts.get("hour") or 0), (parts.get("half") or "").upper()
    if not half:
        return hour
    return hour % 12 + (12 if half == "PM" else 0)


def _zone(parts: dict[str, str | None]) -> tzinfo:
    offset = parts.get("offset")
    if parts.get("zone") == "UTC":
        return UTC  # whatever offset stands before it
    if offset and offset != "Z":
        digits = offset[1:].replace(":", "").ljust(4, "0")
        length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return timezone(-length if offset[0] == "-" else length)
    name = parts.get("zone")
    if name and name not in ("UTC", "GMT") and not offset:
        return timezone(
            timedelta(seconds=_unapplied_offset(parts)), name
        )  # Go, too, makes up a zone of that name at no offset
    return UTC
