"""The Typer app of the commands that work on a cluster, and its run."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import typer

from kompose.command_line import UsageError, parse
from kompose.console import Console, FatalWarningError, write_line
from kompose.errors import ComposeError, KomposeError
from kompose.flags import GLOBAL_FLAGS
from kompose.invocation import Invocation
from kompose.report import ConvertError, Level, Report
from kube_client.errors import KubeError

_WITH_OWN_F = frozenset(("logs",))
"""Commands in which `-f` means something else after the command: to follow."""


def run_app(command: str, line: Sequence[str], start_demo: Callable[[ExitStack], Path]) -> int:
    """Runs one command of the app and returns its exit code.

    `start_demo` starts a demo cluster that ends with the stack, and returns its kubeconfig.
    """
    place = list(line).index(command)
    moved, kept = _globals_in(command, line[place + 1 :])
    try:
        parsed = parse([*line[:place], *moved], GLOBAL_FLAGS)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    values = parsed.values
    console = Console(
        is_verbose=values["verbose"],
        is_quiet=values["suppress-warnings"],
        fails_on_warning=values["error-on-warning"],
    )
    with ExitStack() as stack:
        if values["demo"]:
            os.environ["KUBECONFIG"] = str(start_demo(stack))
        report = Report(console)
        return _invoke([command, *kept], Invocation(values["file"], report, values["demo"]))


def _globals_in(command: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global flags among the words after a command, and the words that are its own.

    What follows `--`, or the service of `exec`, belongs to the command as it stands.
    """
    spellings = {f"--{flag.name}": flag for flag in GLOBAL_FLAGS}
    if command not in _WITH_OWN_F:
        spellings["-f"] = spellings["--file"]
    moved: list[str] = []
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        flag = spellings.get(word.partition("=")[0])
        if word == "--" or (command == "exec" and not word.startswith("-")):
            kept += [word, *rest]
        elif flag is None:
            kept.append(word)
        else:
            moved.append(word)
            if flag.kind != "bool" and "=" not in word:
                moved += [following for following in [next(rest, None)] if following is not None]
    return moved, kept


def _invoke(words: list[str], invocation: Invocation) -> int:
    """Runs the app; a command ends with another code than 0 by raising `typer.Exit`."""
    from kompose import commands, config_command

    app = typer.Typer(
        name="kompose",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    commands.register(app)
    config_command.register(app)
    try:
        app(words, prog_name="kompose", obj=invocation)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except ComposeError as error:
        write_line(Level.FATAL, f"Unable to load files: {error}")
        return 1
    except (ConvertError, KomposeError, KubeError, FatalWarningError) as error:
        write_line(Level.FATAL, str(error))
        return error.exit_code if isinstance(error, ConvertError) else 1
    return 0
