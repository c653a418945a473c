"""A command as what is to happen: a value that the screen acts on. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kube_tui.commands.grammar import Command
from kube_tui.commands.suggest import CONTEXT_WORDS, NAMESPACE_WORDS

_QUIT = frozenset({"q", "q!", "qa", "quit", "exit"})
_HELP = frozenset({"h", "help", "?"})


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave the program."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """Open the help."""


@dataclass(frozen=True, slots=True)
class UseTheme:
    """Show other colours."""

    name: str


@dataclass(frozen=True, slots=True)
class UseContext:
    """Connect to another cluster."""

    name: str
    then: Command | None = None


@dataclass(frozen=True, slots=True)
class UseNamespace:
    """Stay in this kind, in another namespace; None: in all."""

    name: str | None


@dataclass(frozen=True, slots=True)
class OpenKind:
    """Open a table."""

    word: str
    namespace: str | None
    keeps_namespace: bool
    labels: str
    filter: str


Intent = Quit | ShowHelp | UseTheme | UseContext | UseNamespace | OpenKind


def interpret(command: Command) -> Intent:
    """What the command wants."""
    if command.word in _QUIT:
        return Quit()
    if command.word in _HELP:
        return ShowHelp()
    if command.word == "theme":
        return UseTheme(command.argument)
    if command.word in CONTEXT_WORDS and command.argument:
        return UseContext(command.argument)
    if command.context:
        return UseContext(command.context, then=command)
    if command.word in NAMESPACE_WORDS and command.namespace is not None:
        return UseNamespace(command.namespace or None)
    return OpenKind(
        word=command.word,
        namespace=command.namespace or None,
        keeps_namespace=command.namespace is None,
        labels=command.labels,
        filter=command.filter,
    )
