"""What a template is once it is parsed: a tree of frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, number, boolean or nil."""

    value: object
    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Dot:
    """The value at hand."""

    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`; `name` is its own, so that an inner one of the same name is another."""

    name: str
    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function's name; alone it is a call without arguments."""

    name: str
    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields, keys or methods of a value: `.A.B`, `$x.A`, `(pipeline).A`."""

    start: Operand
    names: tuple[str, ...]
    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Command:
    """An operand, or a function or method with its arguments."""

    words: tuple[Operand, ...]
    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each one's result the last argument of the next; maybe kept in variables."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...]
    source: str
    offset: int


Operand = Constant | Dot | Variable | Function | Chain | Pipeline


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is printed."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class If:
    """One body or the other."""

    pipeline: Pipeline
    body: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class With:
    """One body with the value as dot, or the other."""

    pipeline: Pipeline
    body: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Range:
    """A body for each element, or the other for none."""

    pipeline: Pipeline
    body: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Leave:
    """`break` or `continue`."""

    goes_on: bool


@dataclass(frozen=True, slots=True)
class Call:
    """`template "name" pipeline`."""

    name: str
    pipeline: Pipeline | None
    offset: int


Statement = Text | Action | If | With | Range | Leave | Call
Body = tuple[Statement, ...]
