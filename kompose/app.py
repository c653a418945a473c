"""The Typer app of the commands that came after the original, and its run."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from inspect import getdoc
from pathlib import Path
from typing import Any

import typer

from kompose.command_line import UsageError, parse
from kompose.console import Console, FatalWarningError, uses_colour, write_line
from kompose.errors import ComposeError, KomposeError
from kompose.examples import EXAMPLES
from kompose.flags import GLOBAL_FLAGS, PLACE_FLAGS, Flag
from kompose.invocation import Invocation, Where
from kompose.report import ConvertError, Level, Report
from kompose.twins import PASSES_WORDS_ON, refusal, without_needless
from kompose.usage import place_help
from kube_client.errors import KubeError

_OWN_SHORTS = {"logs": "f", "down": "v"}
"""Letters of global flags that mean something else after a command: `logs -f`, `down -v`."""


def run_app(command: str, line: Sequence[str], start_demo: Callable[[ExitStack], Path]) -> int:
    """Runs one command of the app and returns its exit code.

    `start_demo` starts a demo cluster that ends with the stack, and returns its kubeconfig.
    """
    place = list(line).index(command)
    moved, kept = _globals_in(command, line[place + 1 :])
    try:
        parsed = parse([*line[:place], *moved], (*GLOBAL_FLAGS, *PLACE_FLAGS))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if why := refusal(command, kept):
        write_line(Level.FATAL, why, coloured=uses_colour(sys.stderr))
        return 1
    values = parsed.values
    console = Console(
        is_verbose=values["verbose"],
        is_quiet=values["suppress-warnings"],
        fails_on_warning=values["error-on-warning"],
        is_coloured=uses_colour(sys.stderr),
    )
    with ExitStack() as stack:
        if values["demo"]:
            os.environ["KUBECONFIG"] = str(start_demo(stack))
        invocation = Invocation(
            values["file"], Report(console), values["demo"], where=_where(values)
        )
        return _invoke([command, *without_needless(command, kept)], invocation)


def _where(values: dict[str, Any]) -> Where:
    return Where(
        kubeconfig=values["kubeconfig"] or None,
        context=values["context"] or None,
        namespace=values["namespace"] or None,
        project_name=values["project-name"] or None,
        profiles=values["profile"],
    )


def _globals_in(command: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global flags among the words after a command, and the words that are its own.

    What follows `--`, or the service of `exec` and `run`, belongs to the command as it stands.
    """
    moved: list[str] = []
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--" or (command in PASSES_WORDS_ON and not word.startswith("-")):
            kept += [word, *rest]
            break
        flag, has_value = _global_flag(command, word)
        if flag is None:
            kept.append(word)
            continue
        moved.append(word)
        if flag.kind != "bool" and not has_value:
            moved += [following for following in [next(rest, None)] if following is not None]
    return moved, kept


def _global_flag(command: str, word: str) -> tuple[Flag | None, bool]:
    """The global flag that a word names, and whether its value stands in the same word."""
    for flag in (*GLOBAL_FLAGS, *PLACE_FLAGS):
        name, equals, _ = word.partition("=")
        if name == f"--{flag.name}":
            return flag, bool(equals)
        is_own = flag.short in _OWN_SHORTS.get(command, "")
        if flag.short and not is_own and word.startswith(f"-{flag.short}"):
            return flag, len(word) > 2
    return None, False


def _register(app: typer.Typer, command: Callable[..., None]) -> None:
    """Add a command to the program, with examples, and at the end what all commands take."""
    name = command.__name__.rstrip("_")
    app.command(
        name,
        help=f"{getdoc(command)}\n\n{EXAMPLES[name]}",
        epilog=f"\b\n{place_help(_OWN_SHORTS.get(name, ''))}",
        context_settings={"allow_interspersed_args": name not in PASSES_WORDS_ON},
    )(command)


def _invoke(words: list[str], invocation: Invocation) -> int:
    """Runs the app; a command ends with another code than 0 by raising `typer.Exit`."""
    from kompose import commands, config_command, twin_commands

    app = typer.Typer(
        name="kompose",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in (*commands.COMMANDS, *twin_commands.COMMANDS):
        _register(app, command)
    config_command.register(app)
    is_coloured = uses_colour(sys.stderr)
    try:
        app(words, prog_name="kompose", obj=invocation)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except ComposeError as error:
        write_line(Level.FATAL, f"Unable to load files: {error}", coloured=is_coloured)
        return 1
    except (ConvertError, KomposeError, KubeError, FatalWarningError) as error:
        write_line(Level.FATAL, str(error), coloured=is_coloured)
        return error.exit_code if isinstance(error, ConvertError) else 1
    return 0
