"""The tree of a shell script: what the grammar knows, and how a text can fail to be it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


class ShellSyntaxError(Exception):
    """The text is no command; says what was met."""


class UnfinishedError(ShellSyntaxError):
    """More lines are needed: an open quote, `do` without `done`."""


@dataclass
class Text:
    """Characters; quoted ones are neither split nor matched against files."""

    text: str
    quoted: bool = False


@dataclass
class Parameter:
    """`$name` or `${name:-word}`."""

    name: str
    operator: str = ""
    word: Word | None = None
    quoted: bool = False


@dataclass
class Substitution:
    """`$(commands)`."""

    script: Script
    quoted: bool = False


@dataclass
class Arithmetic:
    """`$((expression))`, itself expanded before it is computed."""

    expression: Word
    quoted: bool = False


Part: TypeAlias = Text | Parameter | Substitution | Arithmetic


@dataclass
class Word:
    """One word before expansion."""

    parts: list[Part] = field(default_factory=list)

    def literal(self) -> str | None:
        """Its text when nothing in it is quoted or expanded."""
        if any(not isinstance(part, Text) or part.quoted for part in self.parts):
            return None
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass
class Redirect:
    """`2> file`, `>&2`, `<< END`."""

    descriptor: int
    operator: str
    target: Word


@dataclass
class Simple:
    """Assignments, a command and its arguments."""

    assignments: list[tuple[str, Word]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class If:
    """`if ... then ... elif ... else ... fi`."""

    branches: list[tuple[Script, Script]]
    otherwise: Script | None
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class While:
    """`while` and `until`."""

    condition: Script
    body: Script
    until: bool = False
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class For:
    """`for name in words`; without words, the arguments."""

    name: str
    words: list[Word] | None
    body: Script
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Case:
    """`case word in pattern) ... ;; esac`."""

    word: Word
    branches: list[tuple[list[Word], Script]]
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Group:
    """`{ ...; }`, or `( ... )` in a process of its own."""

    body: Script
    subshell: bool
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Function:
    """`name() { ...; }`."""

    name: str
    body: Command
    redirects: list[Redirect] = field(default_factory=list)


Command: TypeAlias = Simple | If | While | For | Case | Group | Function


@dataclass
class Pipeline:
    """Commands with pipes between them."""

    commands: list[Command]
    negated: bool = False


@dataclass
class Statement:
    """Pipelines with `&&` and `||` between them; perhaps in the background."""

    first: Pipeline
    rest: list[tuple[str, Pipeline]] = field(default_factory=list)
    background: bool = False


@dataclass
class Script:
    """Statements one after the other."""

    statements: list[Statement] = field(default_factory=list)
