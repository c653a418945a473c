"""Environment files as compose reads them: quotes, comments, variables, inherited names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from kompose.compose.template import InvalidTemplateError, Lookup, Warn, substitute
from kompose.diagnostics import Position
from kompose.errors import ComposeError
from kompose.file_content import read_file
from kompose.suspicion import shown_lines, shown_value
from kube_client.go_quote import quoted

_BLANKS = "\t\v\f\r \x85\xa0"
_SPACES = _BLANKS + "\n\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_TO_STATEMENT = re.compile(rf"(?:[{_SPACES}]|#[^\n]*)*")
_TRAILING_SPACES = re.compile(rf"[{_SPACES}]+\Z")
_EXPORT = re.compile(rf"export(?=[ \t\f\r\n])[{_BLANKS}]*")
_KEY_CHARACTERS = frozenset("_.-[]")
_ESCAPE = re.compile(r'\\([abcfnrtv$"\\]|0[0-9]{0,3})')
_OCTAL = re.compile("[0-3][0-7][0-7]")
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "$": "$$",
}


class DotenvError(ValueError):
    """The text is no environment file; the message says in which line and why."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def read_dotenv(
    path: Path,
    environment: Mapping[str, str],
    warn: Warn,
    earlier: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The variables of a file over earlier ones; a name without a value takes the environment's.

    Raises:
        ComposeError: The file is not an environment file.
        OSError: It cannot be read.
    """
    try:
        return parse_dotenv(read_file(path).decode(), environment.get, warn, earlier)
    except UnicodeDecodeError:
        where = Position(str(path), 0)
        raise ComposeError(
            f"failed to read {path}: the text is not UTF-8", position=where
        ) from None
    except ValueError as error:
        line = error.line if isinstance(error, DotenvError) else 0
        where = Position(str(path), line)
        raise ComposeError(f"failed to read {path}: {error}", position=where) from None


def parse_dotenv(
    text: str, lookup: Lookup, warn: Warn, earlier: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The variables of a text over earlier ones; each sees those before it, after the lookup's.

    Raises:
        DotenvError: The text is no environment file.
        InvalidTemplateError: A value holds a ``${`` that is no variable.
        MissingVariableError: A value needs a variable that is not set.
    """
    text = text.removeprefix("\ufeff")
    return _Reader(text, lookup, warn, dict(earlier or {})).read()


class _Reader:
    """Walks over a text, statement by statement."""

    def __init__(self, text: str, lookup: Lookup, warn: Warn, found: dict[str, str]) -> None:
        self._text = text
        self._position = 0
        self._line = 1
        self._lookup = lookup
        self._warn = warn
        self._found = found

    def read(self) -> dict[str, str]:
        """All variables."""
        while self._skip_to_statement():
            name, terminator = self._name()
            if " " in name:
                raise DotenvError(f"line {self._line}: key cannot contain a space", self._line)
            if terminator == "\n":
                self._line += 1
                inherited = self._lookup(name)
                if inherited is not None:
                    self._found[name] = inherited
            else:
                self._found[name] = self._value(name)
        return self._found

    def _skip_to_statement(self) -> bool:
        """Goes over blank lines and comments; False at the end of the text."""
        found = _TO_STATEMENT.match(self._text, self._position)
        start, self._position = self._position, found.end() if found else self._position
        self._line += self._text.count("\n", start, self._position)
        return self._position < len(self._text)

    def _name(self) -> tuple[str, str]:
        """The name and what ended it: ``=``, ``:``, a newline, or nothing at the text's end.

        A text that ends within a name is a value without a name, oddly.
        """
        text = self._text
        export = _EXPORT.match(text, self._position)
        start = export.end() if export else self._position
        if start == len(text):
            raise DotenvError("zero length string")
        for position in range(start, len(text)):
            character = text[position]
            if character in "=:\n":
                self._position = position + 1
                self._skip_blanks()
                return _TRAILING_SPACES.sub("", text[start:position]), character
            is_legal = character in _KEY_CHARACTERS or character.isalpha() or character.isnumeric()
            if not is_legal and character not in _BLANKS:
                line = text[start:].partition("\n")[0]
                raise DotenvError(
                    f"line {self._line}: unexpected character {quoted(character)}"
                    f" in variable name {quoted(shown_lines(line))}",
                    self._line,
                )
        self._position = start
        return "", ""

    def _skip_blanks(self) -> None:
        text = self._text
        while self._position < len(text) and text[self._position] in _BLANKS:
            self._position += 1

    def _value(self, name: str) -> str:
        quote = self._text[self._position : self._position + 1]
        if quote not in {"'", '"'} or not quote:
            return self._unquoted(name)
        return self._quoted_value(quote, name)

    def _unquoted(self, name: str) -> str:
        end = self._text.find("\n", self._position)
        end = len(self._text) if end < 0 else end
        value = self._text[self._position : end].partition(" #")[0]
        value = _TRAILING_SPACES.sub("", value)
        self._position = end + 1
        self._line += 1
        return self._expand(value, name)

    def _quoted_value(self, quote: str, name: str) -> str:
        start = self._position
        characters: list[str] = []
        position = start + 1
        text = self._text
        while position < len(text):
            character = text[position]
            self._line += character == "\n"
            if character == "\\" and position + 1 < len(text):
                following = text[position + 1]
                self._line += following == "\n"
                characters.append(following if following == quote else f"\\{following}")
                position += 2
                continue
            if character == quote:
                self._position = position + 1
                value = "".join(characters)
                return value if quote == "'" else self._expand(_unescape(value), name)
            characters.append(character)
            position += 1
        first_line = text[start:].partition("\n")[0]
        shown = shown_value(name, first_line)
        raise DotenvError(f"line {self._line}: unterminated quoted value {shown}", self._line)

    def _expand(self, value: str, name: str) -> str:
        try:
            return substitute(value, self._variable, self._warn)
        except InvalidTemplateError as error:
            raise InvalidTemplateError(shown_value(name, error.template)) from None

    def _variable(self, name: str) -> str | None:
        given = self._lookup(name)
        return given if given is not None else self._found.get(name)


def _unescape(value: str) -> str:
    r"""The text with its backslash sequences resolved, ``\$`` made safe from variables."""
    return _ESCAPE.sub(_unescape_one, value) if "\\" in value else value


def _unescape_one(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] == "0":
        return chr(int(code, 8)) if _OCTAL.fullmatch(code[1:]) else f"\\{code[1:]}"
    return _ESCAPES.get(code, match.group())
