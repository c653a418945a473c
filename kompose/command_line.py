"""The command line by the rules of the original's parser, to the error text. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from kompose.flags import FLAGS, GLOBAL_FLAGS, HELP, Flag

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


class UsageError(Exception):
    """The line cannot be understood; the text is the original's."""


class Parsed(NamedTuple):
    """A line understood."""

    values: dict[str, Any]
    """A value for every flag of the table."""
    given: frozenset[str]
    """The flags that stood on the line."""
    words: list[str]
    """What is no flag, the command itself left out."""
    notices: list[str]
    """What to say about deprecated flags, in the order of the line."""


def split_command(line: Sequence[str]) -> tuple[str | None, list[str]]:
    """The first word that is a command, and the line without it.

    A flag that is not known to be a switch takes the next word with it.
    """
    switches = {f"--{flag.name}" for flag in (*GLOBAL_FLAGS, HELP) if flag.kind == "bool"}
    shorts = {flag.short for flag in (*GLOBAL_FLAGS, HELP) if flag.kind == "bool"}
    index = 0
    while index < len(line):
        word = line[index]
        if word == "--":
            break
        if word.startswith("--"):
            takes_next = "=" not in word and word not in switches
        elif word.startswith("-") and word != "-":
            takes_next = len(word) == 2 and word[1] not in shorts
        elif word:
            return word, [*line[:index], *line[index + 1 :]]
        else:
            takes_next = False
        index += 2 if takes_next else 1
    return None, list(line)


def parse(line: Sequence[str], flags: Iterable[Flag] = FLAGS) -> Parsed:
    """The values of all flags and the words between them.

    Raises:
        UsageError: A flag is unknown, or its value is missing or ill-typed.
    """
    table = (*flags, HELP)
    by_name = {flag.name: flag for flag in table}
    by_short = {flag.short: flag for flag in table if flag.short}
    values: dict[str, Any] = {flag.name: flag.default for flag in table}
    given: set[str] = set()
    words: list[str] = []
    notices: list[str] = []
    rest = iter(line)
    for word in rest:
        if word == "--":
            words.extend(rest)
        elif not word.startswith("-") or word == "-":
            words.append(word)
        else:
            uses = _long(word, by_name, rest) if word[1] == "-" else _short(word, by_short, rest)
            for flag, text in uses:
                _set(flag, text, values, given)
                if flag.deprecated:
                    notices.append(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")
    return Parsed(values, frozenset(given), words, notices)


def _long(word: str, by_name: dict[str, Flag], rest: Iterator[str]) -> Iterator[tuple[Flag, str]]:
    name, equals, text = word[2:].partition("=")
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {word}")
    if (flag := by_name.get(name)) is None:
        raise UsageError(f"unknown flag: --{name}")
    if not equals:
        if flag.kind == "bool":
            text = "true"
        else:
            following = next(rest, None)
            if following is None:
                raise UsageError(f"flag needs an argument: --{name}")
            text = following
    yield flag, text


def _short(word: str, by_short: dict[str, Flag], rest: Iterator[str]) -> Iterator[tuple[Flag, str]]:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        if (flag := by_short.get(letter)) is None:
            raise UsageError(f"unknown shorthand flag: '{letter}' in {word}")
        if letters.startswith("="):
            yield flag, letters[1:]
            return
        if flag.kind == "bool":
            yield flag, "true"
            continue
        following = letters or next(rest, None)
        if following is None:
            raise UsageError(f"flag needs an argument: '{letter}' in {word}")
        yield flag, following
        return


def _set(flag: Flag, text: str, values: dict[str, Any], given: set[str]) -> None:
    value = _READERS[flag.kind](flag, text)
    if flag.kind in ("list", "array") and flag.name in given:
        value = (*values[flag.name], *value)
    values[flag.name] = value
    given.add(flag.name)


def _read_bool(flag: Flag, text: str) -> bool:
    if text not in _TRUE and text not in _FALSE:
        raise _invalid(flag, text, f'strconv.ParseBool: parsing "{text}": invalid syntax')
    return text in _TRUE


def _read_int(flag: Flag, text: str) -> int:
    try:
        number = int(text, 10 if text.lstrip("+-").isdigit() else 0)
    except ValueError:
        reason = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise _invalid(flag, text, reason) from None
    if not -(2**63) <= number < 2**63:
        raise _invalid(flag, text, f'strconv.ParseInt: parsing "{text}": value out of range')
    return number


def _read_list(flag: Flag, text: str) -> tuple[str, ...]:
    if '"' not in text:
        return tuple(text.split(",")) if text else ()
    import csv

    try:
        return tuple(next(csv.reader([text], strict=True), ()))
    except csv.Error as error:
        raise _invalid(flag, text, f"parse error: {error}") from error


_READERS: dict[str, Any] = {
    "bool": _read_bool,
    "int": _read_int,
    "string": lambda _flag, text: text,
    "list": _read_list,
    "array": lambda _flag, text: (text,),
}


def _invalid(flag: Flag, text: str, reason: str) -> UsageError:
    shown = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
    return UsageError(f'invalid argument "{text}" for "{shown}" flag: {reason}')
