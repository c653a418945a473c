"""The `:` line as a value: `:pods kube-system /web -l app=web @staging`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

ALL_NAMESPACES = frozenset({"all", "*", "-A"})
_LABELS = re.compile(r"[\w./-]+\s*(?:==?|!=)\s*[\w.-]*|.*\s(?:in|notin)\s*\(.*\)")


class CommandError(ValueError):
    """The line cannot be understood; says how to write it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One line of command mode.

    `namespace` None: the one shown now; "": all. `context` "" is the one connected to.
    """

    word: str
    namespace: str | None = None
    filter: str = ""
    labels: str = ""
    context: str = ""
    argument: str = ""
    """The words after the command as they stand, for commands that are not kinds."""


def parse_command(line: str) -> Command:
    """What the line asks for; words after the first may come in any order.

    Raises:
        CommandError: Nothing was typed, or a word makes no sense.
    """
    words = line.split()
    if not words:
        raise CommandError("Type a kind such as pods, or help.")
    namespace: str | None = None
    filter_text = context = ""
    labels: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word.startswith("/"):
            filter_text = " ".join([word.removeprefix("/"), *rest])
        elif word == "-l":
            labels.append(next(rest, ""))
        elif word == "-n":
            namespace = next(rest, "")
        elif word.startswith("@"):
            context = word.removeprefix("@")
        elif _LABELS.fullmatch(word):
            labels.append(word)
        else:
            namespace = "" if word in ALL_NAMESPACES else word
    return Command(
        word=words[0].lower(),
        namespace=namespace,
        filter=filter_text,
        labels=",".join(label for label in labels if label),
        context=context,
        argument=line.strip().partition(" ")[2].strip(),
    )
