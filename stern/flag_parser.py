"""The command line by pflag's rules, to the error text: a table in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from stern.errors import UsageError
from stern.flag_values import FlagValueError, parse_value, quoted
from stern.flags import BY_GLUED_DIGITS, BY_NAME, BY_SHORT, FLAGS, Flag, Kind


class ParsedFlags:
    """The value of every flag, which of them were given, and the words that are no flags."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {flag.name: flag.default for flag in FLAGS}
        self.given: set[str] = set()
        self.words: list[str] = []

    def set(self, flag: Flag, text: str) -> None:
        """Take one use of a flag; a list flag's first use replaces its default.

        Raises:
            FlagValueError: The text is no value of the flag's kind.
        """
        value = parse_value(flag, text)
        if flag.kind in (Kind.ARRAY, Kind.SLICE) and flag.name in self.given:
            value = (*self.texts(flag.name), *_as_texts(value))
        self.values[flag.name] = value
        self.given.add(flag.name)

    def text(self, name: str) -> str:
        """The value of a string flag."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def is_on(self, name: str) -> bool:
        """The value of a boolean flag."""
        value = self.values[name]
        assert isinstance(value, bool)
        return value

    def number(self, name: str) -> int:
        """The value of a whole-number flag."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def decimal(self, name: str) -> float:
        """The value of a decimal flag."""
        value = self.values[name]
        assert isinstance(value, (int, float))
        return float(value)

    def duration(self, name: str) -> timedelta | None:
        """The value of a duration flag; None where there is no default."""
        value = self.values[name]
        assert value is None or isinstance(value, timedelta)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a list flag."""
        return _as_texts(self.values[name])


def _as_texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, tuple)
    return value


def parse_flags(arguments: Sequence[str]) -> ParsedFlags:
    """What the command line says; flags and words may be mixed, `--` ends the flags.

    Raises:
        UsageError: A flag is unknown, lacks its value, or has one that it cannot take.
    """
    parsed = ParsedFlags()
    left = list(reversed(arguments))
    while left:
        argument = left.pop()
        if argument == "--":
            parsed.words.extend(reversed(left))
            break
        if argument.startswith("--"):
            _take_long(parsed, argument, left)
        elif argument.startswith("-") and argument != "-":
            _take_shorts(parsed, argument[1:], left)
        else:
            parsed.words.append(argument)
    return parsed


def _take_long(parsed: ParsedFlags, argument: str, left: list[str]) -> None:
    name, equals, text = argument[2:].partition("=")
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {argument}")
    flag = BY_NAME.get(name)
    if flag is None:
        raise UsageError(f"unknown flag: --{name}")
    if not equals:
        if flag.bare is not None:
            text = flag.bare
        elif left:
            text = left.pop()
        else:
            raise UsageError(f"flag needs an argument: --{name}")
    _set(parsed, flag, text)


def _take_shorts(parsed: ParsedFlags, letters: str, left: list[str]) -> None:
    whole = letters
    while letters:
        letter, rest = letters[0], letters[1:]
        flag = BY_SHORT.get(letter)
        if letter in BY_GLUED_DIGITS and rest.isdecimal():
            flag = BY_GLUED_DIGITS[letter]
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letter}' in -{letters}")
        letters = ""
        if len(rest) > 1 and rest[0] == "=":
            text = rest[1:]
        elif flag.bare is not None:
            text, letters = flag.bare, rest
        elif rest:
            text = rest
        elif left:
            text = left.pop()
        else:
            raise UsageError(f"flag needs an argument: '{letter}' in -{whole}")
        _set(parsed, flag, text)


def _set(parsed: ParsedFlags, flag: Flag, text: str) -> None:
    try:
        parsed.set(flag, text)
    except FlagValueError as error:
        shown = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
        raise UsageError(f'invalid argument {quoted(text)} for "{shown}" flag: {error}') from error
