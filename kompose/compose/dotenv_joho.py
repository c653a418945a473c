"""The second dialect of environment files, by which the converter learns a file's names.

The original reads every ``env_file`` twice, with two libraries that disagree. This one knows no
inherited names, no dashes in names and no default values. Follows joho/godotenv 1.5.1.
"""

from __future__ import annotations

import re

from kompose.compose.dotenv import DotenvError
from kompose.suspicion import shown_lines, shown_value
from kube_client.go_quote import quoted

_BLANKS = "\t\v\f\r \x85\xa0"
_EXPORT = re.compile(rf"[{_BLANKS}]*export[{_BLANKS}]+")
_VARIABLE = re.compile(r"(\\)?(\$)(\()?\{?([A-Z0-9_]+)?\}?")
_ESCAPE = re.compile(r"\\(.)")
_SUPERFLUOUS_BACKSLASH = re.compile(r"\\([^$])")
_LINE_END = re.compile(r"[\r\n]")


def parse_joho(text: str) -> dict[str, str]:
    """The variables of a text.

    Raises:
        DotenvError: The text is none that this dialect knows.
    """
    text = text.replace("\r\n", "\n")
    found: dict[str, str] = {}
    position = _statement(text, 0)
    while position < len(text):
        name, position = _name(text, position)
        value, position = _value(text, position, name, found)
        found[name] = value
        position = _statement(text, position)
    return found


def _statement(text: str, position: int) -> int:
    """Where the next statement begins, after blanks and comments."""
    while position < len(text):
        if text[position] == "#":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        elif text[position].isspace():
            position += 1
        else:
            break
    return position


def _name(text: str, start: int) -> tuple[str, int]:
    """A name and where its value begins; a text ending within a name is a nameless value."""
    export = _EXPORT.match(text, start)
    begin = export.end() if export else start
    if begin == len(text):
        raise DotenvError("zero length string")
    for position in range(begin, len(text)):
        character = text[position]
        if character in "=:":
            return text[begin:position].rstrip(), _skip_blanks(text, position + 1)
        if character in _BLANKS or character in "_.":
            continue
        odd = _odd_byte(character)
        if odd:
            raise DotenvError(
                f"unexpected character {quoted(odd)} in variable name "
                f"near {quoted(shown_lines(text[begin:]))}"
            )
    return "", _skip_blanks(text, begin)


def _odd_byte(character: str) -> str:
    """The first byte of a character that, taken as Latin-1, no name may have; empty for none."""
    for byte in character.encode():
        as_letter = chr(byte)
        if not (as_letter.isalpha() or as_letter.isnumeric()):
            return as_letter
    return ""


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position


def _value(text: str, start: int, name: str, found: dict[str, str]) -> tuple[str, int]:
    quote = text[start : start + 1]
    if quote in {"'", '"'} and quote:
        return _quoted_value(text, start, name, found)
    end_match = _LINE_END.search(text, start)
    end = end_match.start() if end_match else len(text)
    line = _without_comment(text[start:end])
    return _expand(line.strip(_BLANKS), found), end


def _without_comment(line: str) -> str:
    """The line up to the last ``#`` that has a blank before it."""
    for position in range(len(line) - 1, 0, -1):
        if line[position] == "#" and line[position - 1] in _BLANKS:
            return line[:position]
    return line


def _quoted_value(text: str, start: int, name: str, found: dict[str, str]) -> tuple[str, int]:
    quote = text[start]
    position = start + 1
    while position < len(text):
        if text[position] == quote and text[position - 1] != "\\":
            value = text[start:position].rstrip(quote).lstrip(quote)
            if quote == '"':
                value = _expand(_unescape(value), found)
            return value, position + 1
        position += 1
    first_line = text[start:].partition("\n")[0]
    raise DotenvError(f"unterminated quoted value {shown_value(name, first_line)}")


def _unescape(value: str) -> str:
    ends = {"n": "\n", "r": "\r"}
    value = _ESCAPE.sub(lambda match: ends.get(match.group(1), match.group()), value)
    return _SUPERFLUOUS_BACKSLASH.sub(r"\1", value)


def _expand(value: str, found: dict[str, str]) -> str:
    """Replaces variables of the same file; all that follows a name is left as it is."""

    def replace(match: re.Match[str]) -> str:
        backslash, _, parenthesis, name = match.groups()
        if backslash or parenthesis:
            return match.group()[1:]
        return found.get(name, "") if name else match.group()

    return _VARIABLE.sub(replace, value)
