"""`stern --help`: a Typer command made from the table of flags, for its layout.

Typer is loaded here only: it costs more than everything else on the way to the first line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Annotated, Any

import typer

from stern.flags import BEYOND, ORIGINAL, Flag, Kind

_TEXT = """Follow the logs of many pods as one stream.

POD-QUERY is a regular expression on pod names (RE2), or kind/name: pod, deployment, service,
statefulset, daemonset, replicaset, replicationcontroller or job.
"""
_TYPES: dict[Kind, Any] = {
    Kind.BOOL: bool,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.DURATION: str,
    Kind.TEXT: str,
    Kind.ARRAY: list[str],
    Kind.SLICE: list[str],
}


def print_help() -> None:
    """Print the help text, framed and coloured on a terminal, plain elsewhere."""
    app = typer.Typer(add_completion=False, rich_markup_mode="rich" if _is_terminal() else None)
    app.command(help=_TEXT)(_described_command())
    app(["--help"], prog_name="stern", standalone_mode=False)


def _is_terminal() -> bool:
    import sys

    return sys.stdout.isatty()


def _described_command() -> Callable[..., None]:
    """A function whose signature is the table: it is only looked at, never called."""

    def stern() -> None:
        raise AssertionError("only its help is asked for")

    query = Annotated[str, typer.Argument(metavar="[POD-QUERY]", show_default=False)]
    parameters = [
        inspect.Parameter(
            "pod_query", inspect.Parameter.POSITIONAL_OR_KEYWORD, default="", annotation=query
        )
    ]
    parameters += _parameters(ORIGINAL, "Options")
    parameters += _parameters(BEYOND, "Beyond the Go program")
    stern.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by Typer
    return stern


def _parameters(flags: Iterable[Flag], panel: str) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            flag.name.replace("-", "_").replace("for", "for_"),
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(flag),
            annotation=Annotated[_TYPES[flag.kind], _option(flag, panel)],
        )
        for flag in sorted(flags, key=lambda flag: flag.name)
        if flag.name != "help"
    ]


def _option(flag: Flag, panel: str) -> Any:
    names = [f"--{flag.name}", *([f"-{flag.short}"] if flag.short else [])]
    example = f"  Example: {flag.example}" if flag.example else ""
    shown = _shown_default(flag)
    default = f" (default {shown})" if shown else ""
    return typer.Option(
        *names,
        help=f"{flag.help}{default}{example}",
        rich_help_panel=panel,
        metavar=flag.kind.value.upper() or None,
        show_default=False,
    )


def _default(flag: Flag) -> Any:
    if flag.kind in (Kind.ARRAY, Kind.SLICE):
        assert isinstance(flag.default, tuple)
        return list(flag.default)
    return str(flag.default) if isinstance(flag.default, timedelta) else flag.default


def _shown_default(flag: Flag) -> str:
    if isinstance(flag.default, timedelta):
        from kube_client.duration import format_duration

        return format_duration(flag.default)
    if flag.default is True:
        return f"true, --{flag.name}=false turns it off"
    if flag.default in ("", False, 0, None, ()):
        return ""
    return ",".join(flag.default) if isinstance(flag.default, tuple) else str(flag.default)
