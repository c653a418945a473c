"""Cron schedules: five fields, or a word such as `@hourly`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
HORIZON = timedelta(days=4 * 366)


class ScheduleError(ValueError):
    """The text is no schedule."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is due, to the minute."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """The schedule that the text describes.

        Raises:
            ScheduleError: It describes none.
        """
        fields = WORDS.get(text.strip(), text).split()
        if text.startswith("@") and text.strip() not in WORDS:
            raise ScheduleError(f"unrecognized descriptor: {text}")
        if len(fields) != len(RANGES):
            shown = f"[{' '.join(fields)}]"
            raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: {shown}")
        sets = [_values(field, *limits) for field, limits in zip(fields, RANGES, strict=True)]
        weekdays = frozenset(day % 7 for day in sets[4])
        minutes, hours, days, months, _ = sets
        any_day, any_weekday = (fields[index] in "*?" for index in (2, 4))
        return cls(minutes, hours, days, months, weekdays, any_day, any_weekday)

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due minute after the moment; None when there is none for years."""
        at = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = moment + HORIZON
        while at < end:
            if at.month not in self.months or not self._is_day(at):
                at = (at + timedelta(days=1)).replace(hour=0, minute=0)
            elif at.hour not in self.hours:
                at = (at + timedelta(hours=1)).replace(minute=0)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
        return None

    def _is_day(self, at: datetime) -> bool:
        by_date = at.day in self.days
        by_weekday = at.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_date and by_weekday
        return by_date or by_weekday


def _values(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.lower().split(","):
        found |= _range(part, low, high)
    return frozenset(found)


def _range(part: str, low: int, high: int) -> set[int]:
    """What one part of a field means; its faults are worded as robfig/cron words them."""
    body, *steps = part.split("/")
    first, *ends = body.split("-")
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {part}")
    if len(ends) > 1:
        raise ScheduleError(f"too many hyphens: {part}")
    if first in ("*", "?"):
        start, end = low, high
    else:
        start = _number(first, low)
        end = _number(ends[0], low) if ends else (high if steps else start)
    step = _number(steps[0], -1) if steps else 1
    if start < low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({low}): {part}")
    if end > high:
        raise ScheduleError(f"end of range ({end}) above maximum ({high}): {part}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {part}")
    return set(range(start, end + 1, step))


def _number(text: str, low: int) -> int:
    if text in MONTHS and low == 1:
        return MONTHS.index(text) + 1
    if text in DAYS and low == 0:
        return DAYS.index(text)
    try:
        number = int(text)
    except ValueError as error:
        why = f'strconv.Atoi: parsing "{text}": invalid syntax'
        raise ScheduleError(f"failed to parse int from {text}: {why}") from error
    if number < 0:
        raise ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number
