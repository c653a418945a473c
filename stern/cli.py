"""The front door: flags to options to a run to an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stern.errors import SternError, UsageError
from stern.flag_parser import ParsedFlags, parse_flags

if TYPE_CHECKING:
    from stern.run import Run


_CHOICES = ("query", "selector", "field-selector", "prompt", "stdin")


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; every message goes to stderr."""
    try:
        return _dispatch(arguments)
    except UsageError as error:
        from stern.usage import usage_text

        _note(f"Error: {error}\n{usage_text()}\n")
    except SternError as error:
        _note(f"Error: {error}\n")
    except BrokenPipeError:
        from stern.writer import die_of_broken_pipe

        die_of_broken_pipe()
    except Exception as error:
        if os.environ.get("STERN_TRACEBACK"):
            raise
        _note(f"Error: {_words(error)}\n")
    return 1


def _dispatch(arguments: Sequence[str]) -> int:
    if arguments[:1] in (["__complete"], ["__completeNoDesc"]):
        from stern.completion import complete

        return complete(arguments[1:], with_descriptions=arguments[0] == "__complete")
    flags = parse_flags(arguments)
    early = _early_exit(flags)
    if early is not None:
        return early
    return _tail_demo(flags) if flags.is_on("demo") else _tail(flags)


def _tail_demo(flags: ParsedFlags) -> int:
    """A tail of a demo cluster; without a query, a little of everything in it."""
    from demo_cluster.launch import start_demo

    if not flags.words and flags.given.isdisjoint(_CHOICES):
        flags.words.append(".")
        flags.values["all-namespaces"] = "namespace" not in flags.given
        if "max-log-requests" not in flags.given:
            flags.values["max-log-requests"] = 500
        if "tail" not in flags.given:
            flags.values["tail"] = 5
    signal.signal(signal.SIGINT, signal.default_int_handler)  # its files are to be removed
    with start_demo() as demo:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the cluster sees that we have gone
        flags.values["kubeconfig"] = str(demo.kubeconfig)
        return _tail(flags)


def _early_exit(flags: ParsedFlags) -> int | None:
    """The exit code when something other than a tail was asked for."""
    if flags.is_on("help"):
        from stern.help_text import print_help

        print_help()
    elif flags.is_on("version"):
        from stern.version import version_text

        sys.stdout.write(version_text())
    elif flags.text("completion") or flags.words[:1] == ["completion"]:
        from stern.completion_scripts import completion_script

        asked = flags.text("completion") or "".join(flags.words[1:2])
        sys.stdout.write(completion_script(asked))
    elif flags.is_on("show-hidden-options"):
        from stern.usage import hidden_flags_text

        sys.stdout.write("The following options can also be used in stern:\n")
        _note(hidden_flags_text())
    else:
        return None
    return 0


def _tail(flags: ParsedFlags) -> int:
    return _prepared(flags)()


def _prepared(flags: ParsedFlags) -> Callable[[], int]:
    from stern.run import prepare

    prepared: Run = prepare(flags, env=os.environ, note=_note)
    return prepared.start


def _note(text: str) -> None:
    from stern.writer import write_note

    write_note(text)


def _words(error: Exception) -> str:
    """An error in one sentence; of the server's own words where they are what is asked for."""
    from kube_client.errors import KubeError, NotFoundError

    if isinstance(error, NotFoundError) and error.server_message:
        return error.server_message
    if isinstance(error, KubeError):
        return str(error)
    return f"{type(error).__name__}: {error} (set STERN_TRACEBACK=1 to see where)"
