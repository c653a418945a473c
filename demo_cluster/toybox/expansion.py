"""Words of a script at work: parameters, substitutions, splitting, and files that match."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from demo_cluster.toybox import syntax
from demo_cluster.toybox.arithmetic import ArithmeticSyntaxError, evaluate
from demo_cluster.toybox.control_flow import ScriptError

WILDCARDS = "*?["


class Scope(Protocol):
    """Where words are expanded: a shell, as they need it."""

    variables: dict[str, str]
    arguments: list[str]
    options: set[str]

    def lookup(self, name: str) -> str | None:
        """The value of a parameter; nothing when it is not set."""
        ...

    async def substitute(self, script: syntax.Script) -> str:
        """What the script prints, without its last newlines."""
        ...

    def matching_files(self, pattern: str) -> list[str]:
        """The files that the pattern matches, from where the shell is."""
        ...


@dataclass
class Piece:
    """A part of an expanded word and whether its quotes protect it."""

    text: str
    quoted: bool
    breaks: bool = False
    """A word ends before this piece, whatever it holds (`"$@"`)."""


async def expand(scope: Scope, words: list[syntax.Word]) -> list[str]:
    """Words after all expansions, splitting and matching of files."""
    fields: list[str] = []
    for word in words:
        pieces = await _pieces(scope, word)
        for split in _split(pieces, scope.variables.get("IFS", " \t\n")):
            fields += _match_files(scope, split)
    return fields


async def expand_one(scope: Scope, word: syntax.Word) -> str:
    """One word, neither split nor matched."""
    return "".join(
        (" " if piece.breaks else "") + piece.text for piece in await _pieces(scope, word)
    )


async def pattern_of(scope: Scope, word: syntax.Word) -> str:
    """One word as a pattern: what is quoted in it matches only itself."""
    pieces = await _pieces(scope, word)
    return "".join(_escaped(piece.text) if piece.quoted else piece.text for piece in pieces)


def _match_files(scope: Scope, pieces: list[Piece]) -> list[str]:
    text = "".join(piece.text for piece in pieces)
    wild = any(
        not piece.quoted and any(sign in piece.text for sign in WILDCARDS) for piece in pieces
    )
    if not wild or "f" in scope.options:
        return [text]
    pattern = "".join(_escaped(piece.text) if piece.quoted else piece.text for piece in pieces)
    return scope.matching_files(pattern) or [text]


async def _pieces(scope: Scope, word: syntax.Word) -> list[Piece]:
    pieces: list[Piece] = []
    for position, part in enumerate(word.parts):
        if isinstance(part, syntax.Text):
            text = part.text
            if position == 0 and not part.quoted and text.startswith("~"):
                text = _home(scope, text)
                pieces.append(Piece(text, quoted=True))
            else:
                pieces.append(Piece(text, part.quoted))
        elif isinstance(part, syntax.Parameter):
            pieces += await _parameter(scope, part)
        elif isinstance(part, syntax.Substitution):
            pieces.append(Piece(await scope.substitute(part.script), part.quoted))
        else:
            pieces.append(Piece(await _compute(scope, part), part.quoted))
    return pieces


def _home(scope: Scope, text: str) -> str:
    name, slash, rest = text.partition("/")
    home = scope.variables.get("HOME", "/root") if name == "~" else name
    return home + slash + rest


async def _compute(scope: Scope, part: syntax.Arithmetic) -> str:
    try:
        return str(evaluate(await expand_one(scope, part.expression), scope.variables))
    except ArithmeticSyntaxError as error:
        raise ScriptError(str(error)) from None


async def _parameter(scope: Scope, part: syntax.Parameter) -> list[Piece]:
    value = scope.lookup(part.name)
    if part.name == "@" and not part.operator:
        return _all_arguments(scope, part.quoted)
    if part.operator == "length":
        return [Piece(str(len(value or "")), part.quoted)]
    if part.operator in ("#", "##", "%", "%%"):
        pattern = await pattern_of(scope, part.word or syntax.Word())
        return [Piece(_trimmed(value or "", part.operator, pattern), part.quoted)]
    if part.operator:
        return await _defaulted(scope, part, value)
    if value is None and "u" in scope.options:
        raise ScriptError(f"{part.name}: parameter not set")
    return [Piece(value or "", part.quoted)]


def _all_arguments(scope: Scope, quoted: bool) -> list[Piece]:
    pieces = [Piece(text, quoted, breaks=i > 0) for i, text in enumerate(scope.arguments)]
    return pieces or [Piece("", quoted=False)]


async def _defaulted(scope: Scope, part: syntax.Parameter, value: str | None) -> list[Piece]:
    word = part.word or syntax.Word()
    absent = value is None or (part.operator.startswith(":") and not value)
    action = part.operator[-1]
    if action == "+":
        return [] if absent else await _pieces(scope, word)
    if not absent:
        return [Piece(value or "", part.quoted)]
    if action == "?":
        raise ScriptError(f"{part.name}: {await expand_one(scope, word) or 'parameter not set'}")
    pieces = await _pieces(scope, word)
    if action == "=":
        scope.variables[part.name] = "".join(piece.text for piece in pieces)
    return pieces


def _escaped(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)


def _trimmed(value: str, operator: str, pattern: str) -> str:
    lengths = range(len(value) + 1)
    longest = len(operator) == 2
    if operator[0] == "#":
        for length in reversed(lengths) if longest else lengths:
            if fnmatchcase(value[:length], pattern):
                return value[length:]
    else:
        for length in lengths if longest else reversed(lengths):
            if fnmatchcase(value[length:], pattern):
                return value[:length]
    return value


def _split(pieces: list[Piece], separators: str) -> list[list[Piece]]:
    """Fields of a word: unquoted text is cut at the separators."""
    fields: list[list[Piece]] = []
    current: list[Piece] | None = None
    for piece in pieces:
        if piece.breaks:
            fields.append(current or [])
            current = [Piece("", quoted=True)]
        if piece.quoted:
            current = [*(current or []), piece]
            continue
        text = piece.text
        start = 0
        for position, character in enumerate(text):
            if character in separators:
                if position > start:
                    current = [*(current or []), Piece(text[start:position], quoted=False)]
                if current is not None:
                    fields.append(current)
                    current = None
                start = position + 1
        if start < len(text):
            current = [*(current or []), Piece(text[start:], quoted=False)]
    if current is not None:
        fields.append(current)
    return fields
