"""Candidates for the shells: `stern __complete ARGS... WORD`, in cobra's protocol."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING

from stern.errors import SternError
from stern.flag_parser import ParsedFlags, parse_flags
from stern.flags import BY_NAME, BY_SHORT, FLAGS, OUTPUTS, SHELLS, TIMESTAMP_FORMATS, Flag

if TYPE_CHECKING:
    from kube_client.client import Client

_API_SECONDS = 5.0
_COLORS = ("always", "never", "auto")
_STATES = ("running", "waiting", "terminated", "all")
_FIXED = {
    "color": _COLORS,
    "completion": SHELLS,
    "container-state": _STATES,
    "output": OUTPUTS,
    "timestamps": TIMESTAMP_FORMATS,
}


class Directive(IntFlag):
    """What the shell does with the candidates."""

    DEFAULT = 0
    ERROR = 1
    NO_SPACE = 2
    NO_FILES = 4


@dataclass(frozen=True, slots=True)
class Candidates:
    """Lines for the shell, what to do with them, and a word for the human."""

    lines: tuple[str, ...] = ()
    directive: Directive = Directive.DEFAULT
    note: str = field(default="")


def complete(arguments: Sequence[str], *, with_descriptions: bool) -> int:
    """Print the candidates for the last argument; returns the exit code."""
    found = candidates(arguments)
    for line in found.lines:
        sys.stdout.write(f"{line if with_descriptions else line.partition(chr(9))[0]}\n")
    sys.stdout.write(f":{int(found.directive)}\n")
    if found.note:
        sys.stderr.write(f"{found.note}\n")
    words = ", ".join(f"ShellCompDirective{name}" for name in _names(found.directive))
    sys.stderr.write(f"Completion ended with directive: {words}\n")
    return 0


def _names(directive: Directive) -> list[str]:
    names = {
        Directive.ERROR: "Error",
        Directive.NO_SPACE: "NoSpace",
        Directive.NO_FILES: "NoFileComp",
    }
    return [name for flag, name in names.items() if flag in directive] or ["Default"]


def candidates(arguments: Sequence[str]) -> Candidates:
    """What may stand in place of the last argument."""
    *before, word = arguments or [""]
    flag, typed, before = _flag_at_hand(before, word)
    if flag is None and word.startswith("-") and "--" not in before:
        return Candidates(_flag_names(word), Directive.NO_FILES)
    try:
        flags = parse_flags(before)
    except SternError as error:
        return Candidates((), Directive.ERROR, str(error))
    if flag is not None and flag.name in _FIXED:
        return Candidates(_FIXED[flag.name], Directive.NO_FILES)
    try:
        return _from_cluster(flags, flag, typed)
    except SternError as error:
        return Candidates((), Directive.ERROR, str(error))


def _flag_at_hand(before: Sequence[str], word: str) -> tuple[Flag | None, str, list[str]]:
    """The flag whose value is being typed, what is typed of it, and the arguments before."""
    rest = list(before)
    if word.startswith("--") and "=" in word:
        name, _, typed = word[2:].partition("=")
        return BY_NAME.get(name), typed, rest
    if not rest or word.startswith("-"):
        return None, word, rest
    last = rest[-1]
    flag = None
    if last.startswith("--") and "=" not in last:
        flag = BY_NAME.get(last[2:])
    elif last.startswith("-") and len(last) > 1:
        flag = BY_SHORT.get(last[-1])
    if flag is None or not flag.takes_value:
        return None, word, rest
    return flag, word, rest[:-1]


def _flag_names(word: str) -> tuple[str, ...]:
    names = []
    for flag in FLAGS:
        if flag.hidden:
            continue
        forms = [f"--{flag.name}", f"-{flag.short}" if flag.short else ""]
        names += [f"{form}\t{flag.help}" for form in forms if form and form.startswith(word)]
    return tuple(names)


def _from_cluster(flags: ParsedFlags, flag: Flag | None, typed: str) -> Candidates:
    if flag is None:
        return complete_query(flags, typed, _with_client(flags))
    if flag.name == "context":
        from kube_client.kubeconfig import load_kubeconfig

        names = load_kubeconfig(flags.text("kubeconfig") or None).contexts
        found = tuple(name for name in names if name.startswith(typed))
        return Candidates(found, Directive.NO_FILES)
    if flag.name in ("namespace", "node"):
        kind = flag.name

        async def names_of(client: Client) -> list[str]:
            return await cluster_names(client, kind)

        listed = _with_client(flags)(names_of)
        found = tuple(name for name in listed if name.startswith(typed))
        return Candidates(found, Directive.NO_FILES)
    return Candidates()


Ask = Callable[["Callable[[Client], Awaitable[list[str]]]"], list[str]]


def _with_client(flags: ParsedFlags) -> Ask:
    """A way to ask the cluster for names, within a few seconds."""

    def ask(question: Callable[[Client], Awaitable[list[str]]]) -> list[str]:
        import asyncio

        from kube_client.connect import connect
        from kube_client.errors import KubeError
        from stern.connection import connect_options

        async def answer() -> list[str]:
            async with asyncio.timeout(_API_SECONDS), connect(connect_options(flags)) as client:
                return await question(client)

        try:
            return asyncio.run(answer())
        except (KubeError, TimeoutError) as error:
            raise SternError(str(error)) from error

    return ask


def complete_query(flags: ParsedFlags, typed: str, ask: Ask) -> Candidates:
    """Kinds until there is a slash, then names of objects of that kind."""
    from stern.selection import KINDS, ResourceQuery

    if typed.count("/") != 1:
        kinds = tuple(f"{kind}/" for kind in KINDS if kind.startswith(typed))
        return Candidates(kinds, Directive.NO_SPACE | Directive.NO_FILES)
    query = ResourceQuery.parse(typed)
    namespaces = set(flags.texts("namespace"))
    if flags.is_on("all-namespaces") or len(namespaces) > 1:
        raise SternError("multiple namespaces are not supported")

    async def names_of(client: Client) -> list[str]:
        return await resource_names(client, query.kind, next(iter(namespaces), ""))

    names = ask(names_of)
    found = tuple(f"{query.typed_kind}/{name}" for name in names if name.startswith(query.name))
    return Candidates(found, Directive.NO_FILES)


async def resource_names(client: Client, kind: str, namespace: str) -> list[str]:
    """The names of the objects of a kind that a query can name."""
    from kube_client.objects import KubeObject
    from stern.selection import resource_type

    listed = await client.list(
        resource_type(kind), KubeObject, namespace=namespace or client.namespace
    )
    return [item.metadata.name for item in listed.items]


async def cluster_names(client: Client, kind: str) -> list[str]:
    """The names of all namespaces or nodes."""
    from kube_client.objects import KubeObject
    from kube_client.resource import NAMESPACES, NODES

    listed = await client.list(NODES if kind == "node" else NAMESPACES, KubeObject)
    return [item.metadata.name for item in listed.items]
