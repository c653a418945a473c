"""Fields, keys and methods: what stands behind a dot in a template. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC

from stern.errors import RenderError
from stern.template.go_time import DAYS, MONTHS, GoTime
from stern.template.printf import sprint, sprintf, sprintln
from stern.template.record import FIELDS, Record
from stern.template.values import MISSING, ColorValue, Missing, NamedInt, type_name

_SECOND = 1_000_000_000
_ZERO_NANOSECONDS = -62_135_596_800 * _SECOND


def _weekday(time: GoTime) -> NamedInt:
    day = time.local.weekday()
    return NamedInt((day + 1) % 7, DAYS[day], "time.Weekday")


def _month(time: GoTime) -> NamedInt:
    month = time.local.month
    return NamedInt(month, MONTHS[month - 1], "time.Month")


def _since(time: GoTime, other: GoTime) -> NamedInt:
    from datetime import timedelta

    from kube_client.duration import format_duration

    nanoseconds = time.nanoseconds - other.nanoseconds
    shown = format_duration(timedelta(microseconds=nanoseconds / 1000))
    return NamedInt(nanoseconds, shown, "time.Duration")


def _zone(time: GoTime) -> str:
    return "Local" if time.zone is None else str(time.zone)


_TIME_METHODS: dict[str, Callable[..., object]] = {
    "Format": lambda time, layout: time.format(layout),
    "String": str,
    "Unix": lambda time: time.nanoseconds // _SECOND,
    "UnixMilli": lambda time: time.nanoseconds // 1_000_000,
    "UnixMicro": lambda time: time.nanoseconds // 1_000,
    "UnixNano": lambda time: time.nanoseconds,
    "UTC": lambda time: time.at(UTC),
    "Local": lambda time: time.at(None),
    "Year": lambda time: time.year,
    "Month": _month,
    "Day": lambda time: time.local.day,
    "Hour": lambda time: time.local.hour,
    "Minute": lambda time: time.local.minute,
    "Second": lambda time: time.local.second,
    "Nanosecond": lambda time: time.fraction,
    "YearDay": lambda time: time.local.timetuple().tm_yday,
    "Weekday": _weekday,
    "IsZero": lambda time: time.nanoseconds == _ZERO_NANOSECONDS,
    "Add": lambda time, length: GoTime(time.nanoseconds + length, time.zone),
    "AddDate": lambda time, years, months, days: time.plus(years, months, days),
    "Sub": _since,
    "Compare": lambda time, other: (
        (time.nanoseconds > other.nanoseconds) - (time.nanoseconds < other.nanoseconds)
    ),
    "Location": _zone,
    "Before": lambda time, other: time.nanoseconds < other.nanoseconds,
    "After": lambda time, other: time.nanoseconds > other.nanoseconds,
    "Equal": lambda time, other: time.nanoseconds == other.nanoseconds,
}

_COLOR_METHODS: dict[str, Callable[..., object]] = {
    "Sprint": lambda value, *words: value.color.wrap_text(sprint(words)),
    "Sprintln": lambda value, *words: value.color.wrap_text(sprintln(words)[:-1]) + "\n",
    "Sprintf": lambda value, layout, *words: value.color.wrap_text(sprintf(layout, words)),
}


def member(value: object, name: str, arguments: Sequence[object] = ()) -> object:
    """A field, key or method's result; None for a key that is not there.

    Raises:
        RenderError: The value has nothing of that name.
    """
    match value:
        case Record():
            field = FIELDS.get(name)
            if field is None:
                raise RenderError(f"can't evaluate field {name} in type stern.Log")
            _no_arguments(name, arguments)
            return getattr(value, field)
        case Mapping():
            _no_arguments(name, arguments)
            return value.get(name, MISSING)
        case GoTime():
            return _call(_TIME_METHODS, value, name, arguments)
        case ColorValue():
            return _call(_COLOR_METHODS, value, name, arguments)
        case None | Missing():
            return MISSING
        case _:
            raise RenderError(f"can't evaluate field {name} in type {type_name(value)}")


def _no_arguments(name: str, arguments: Sequence[object]) -> None:
    if arguments:
        raise RenderError(f"{name} has arguments but cannot be invoked as function")


def _call(
    methods: dict[str, Callable[..., object]],
    value: object,
    name: str,
    arguments: Sequence[object],
) -> object:
    method = methods.get(name)
    if method is None:
        raise RenderError(f"can't evaluate field {name} in type {type_name(value)}")
    try:
        return method(value, *arguments)
    except (TypeError, AttributeError) as error:
        raise RenderError(f"wrong arguments for {name}") from error
