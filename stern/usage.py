"""The usage text and the list of hidden flags, as pflag lays them out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from stern.flags import BEYOND, HIDDEN, ORIGINAL, Flag, Kind

_ZEROES: tuple[object, ...] = ("", False, 0, 0.0, (), None)


def usage_text() -> str:
    """What follows an error on the command line."""
    return (
        "Usage:\n  stern pod-query [flags]\n\nFlags:\n"
        f"{flag_lines(_by_name(ORIGINAL))}\nFlags beyond the Go program:\n{flag_lines(BEYOND)}\n"
    )


def hidden_flags_text() -> str:
    """The flags of kubectl that are accepted, but not listed in the usage."""
    return flag_lines(_by_name(HIDDEN))


def _by_name(flags: Iterable[Flag]) -> list[Flag]:
    return sorted(flags, key=lambda flag: flag.name)


def flag_lines(flags: Iterable[Flag]) -> str:
    """One line per flag: names and kind, then help and default in a column of their own."""
    rows = [(_names(flag), flag) for flag in flags]
    width = max(len(names) for names, _ in rows) + 3
    return "".join(f"{names.ljust(width)}{_description(flag)}\n" for names, flag in rows)


def _names(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    kind = f" {flag.kind.value}" if flag.kind.value else ""
    bare = f'[="{flag.bare}"]' if flag.bare and flag.kind is not Kind.BOOL else ""
    return f"  {short}--{flag.name}{kind}{bare}"


def _description(flag: Flag) -> str:
    example = f" Example: {flag.example}" if flag.example else ""
    if flag.default in _ZEROES:
        return flag.help + example
    return f"{flag.help}{example} (default {_default(flag)})"


def _default(flag: Flag) -> str:
    if isinstance(flag.default, timedelta):
        from kube_client.duration import format_duration

        return format_duration(flag.default)
    if flag.kind is Kind.SLICE:
        assert isinstance(flag.default, tuple)
        return f"[{','.join(flag.default)}]"
    if flag.kind is Kind.TEXT:
        return f'"{flag.default}"'
    return str(flag.default).lower()
