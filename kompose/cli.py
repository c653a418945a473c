"""The command: flags to a request to objects to files, and errors to exit codes.

The original's own commands are read by its rules, which are not those of Typer. What came
after them (`up`, `down`, `logs`, ...) is a Typer app.
"""

import gc
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kompose.command_line import Parsed, UsageError, parse, split_command
from kompose.console import Console, FatalWarningError, write_line
from kompose.flags import COMMANDS, COMPATIBLE_VERSION, GLOBAL_FLAGS, ORIGINAL_COMMANDS
from kompose.report import ConvertError, Level, Report

if TYPE_CHECKING:
    from contextlib import ExitStack

    from demo_cluster.launch import DemoProcess
    from kompose.diagnostics import Diagnostic
    from kompose.request import Output, Request


def run(line: Sequence[str]) -> int:
    """Runs one command line and returns its exit code."""
    command, rest = split_command(line)
    if command is not None and command not in COMMANDS:
        return _refuse_command(command)
    try:
        if command is not None and command not in ORIGINAL_COMMANDS:
            return _run_app(command, line)
        return _run_original(command, rest, line)
    except ConvertError as error:
        write_line(Level.FATAL, str(error))
        return error.exit_code
    except FatalWarningError as error:
        write_line(Level.FATAL, str(error))
        return 1
    except BrokenPipeError:
        _forget_output()
        return 1
    except KeyboardInterrupt:
        return 130
    except RecursionError:
        write_line(Level.FATAL, "The compose file is nested too deeply to be read")
        return 1
    except OSError as error:
        return _end_without(error)
    except MemoryError:
        write_line(Level.FATAL, "The files are too large for the memory of this machine")
        return 1
    except Exception as error:
        if os.environ.get("KOMPOSE_TRACEBACK"):
            raise
        words = f"{type(error).__name__}: {error}"
        write_line(
            Level.FATAL,
            f"Something went wrong inside kompose ({words}). "
            "Run it again with KOMPOSE_TRACEBACK=1 and report what it says",
        )
        return 1


def _refuse_command(command: str) -> int:
    from kompose.twins import COMMANDS_INSTEAD
    from kompose.usage import similar_commands

    sys.stderr.write(f'unknown command "{command}" for "kompose"\n')
    if command in COMMANDS_INSTEAD:
        sys.stderr.write(f"Use instead: {COMMANDS_INSTEAD[command]}\n")
    elif similar := similar_commands(command):
        names = "".join(f"\t{name}\n" for name in similar)
        sys.stderr.write(f"\nDid you mean this?\n{names}\n")
    return 1


def _end_without(error: OSError) -> int:
    """Says what the system refused; without a file that is stdout."""
    what = f"use {error.filename}"
    if error.filename is None:
        _forget_output()
        what = "write to stdout"
    words = (error.strerror or str(error)).lower()
    write_line(Level.FATAL, f"Unable to {what}: {words}. Choose another place")
    return 1


def _forget_output() -> None:
    """Nothing more can reach who reads us: they have gone, or their disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run_original(command: str | None, rest: list[str], line: Sequence[str]) -> int:
    exit_code = _answer(command, rest, line)
    sys.stdout.flush()
    return exit_code


def _answer(command: str | None, rest: list[str], line: Sequence[str]) -> int:
    try:
        parsed = parse(rest) if command == "convert" else parse(rest, GLOBAL_FLAGS)
    except UsageError as error:
        from kompose.usage import command_usage, convert_usage, program_help

        texts = {"convert": convert_usage, None: program_help}
        usage = texts[command]() if command in texts else command_usage(str(command))
        sys.stderr.write(f"{usage}\n{error}\n")
        return 1
    if command in (None, "help") or parsed.values["help"]:
        return _print_help(command, parsed.words)
    sys.stderr.write("".join(f"{notice}\n" for notice in parsed.notices))
    if command == "convert":
        return _convert(parsed, line)
    from kompose.request import check_provider

    check_provider(parsed.values["provider"])
    if command == "version":
        sys.stdout.write(f"{COMPATIBLE_VERSION}\n")
        return 0
    return _print_completion(parsed.words)


def _print_help(command: str | None, words: Sequence[str]) -> int:
    from kompose.usage import command_help, convert_help, program_help

    topic = words[0] if command == "help" and words else command
    if topic in (None, "help"):
        sys.stdout.write(program_help())
    elif topic == "convert":
        sys.stdout.write(convert_help())
    elif topic in ORIGINAL_COMMANDS:
        sys.stdout.write(command_help(str(topic)))
    elif topic in COMMANDS:
        return _run_app(str(topic), [str(topic), "--help"])
    else:
        sys.stderr.write(f"Unknown help topic [`{topic}`]\n{program_help()}")
    return 0


def _print_completion(words: Sequence[str]) -> int:
    from kompose.completion import completion_script

    sys.stdout.write(completion_script(words))
    return 0


def _convert(parsed: Parsed, line: Sequence[str]) -> int:
    # One pass over a tree that lives to the end: there is nothing to collect, only to walk.
    gc.disable()
    try:
        return _convert_files(parsed, line)
    finally:
        gc.enable()


def _convert_files(parsed: Parsed, line: Sequence[str]) -> int:
    from kompose.request import check_provider, check_single_output, convert_request
    from kompose.selection import project_directory, select_files, select_files_as_compose

    values = parsed.values
    console = Console(
        is_verbose=values["verbose"],
        is_quiet=values["suppress-warnings"],
        fails_on_warning=values["error-on-warning"],
    )
    report = Report(console)
    check_provider(values["provider"])
    report.debug(f"Checking validation of provider: {values['provider']}")
    report.debug(f"Checking validation of controller: {values['controller'].lower()}")
    request = convert_request(parsed, line)
    here = Path.cwd()
    if request.options.mends:
        files = select_files_as_compose(request.files, os.environ, here)
    else:
        files = select_files(request.files, os.environ, here, report.debug)
    check_single_output(parsed)
    directory = project_directory(files, here)
    report.debug(f"Compose file dir: {directory}")
    objects = _objects(request, files, here, report, is_verbose=values["verbose"])
    output = request.output
    if output.is_chart and not output.out:
        output = output._replace(out=os.path.splitext(files[0])[0])  # noqa: PTH122 - as given
    report.debug(f"Target Dir: {output.out or '.'}")
    _write(objects, output, report, provider=values["provider"])
    return 0


def _objects(
    request: "Request",
    files: tuple[str, ...],
    here: Path,
    report: Report,
    *,
    is_verbose: bool,
) -> list[dict[str, object]]:
    """Reads the files and converts what they say."""
    from kompose.compose.read import FileSelection, ReadOptions, read_model
    from kompose.compose.schema import SchemaError
    from kompose.convert import convert
    from kompose.errors import ComposeError, VariablesError
    from kompose.file_content import read_stdin

    try:
        stdin = read_stdin() if "-" in files else None
        model = read_model(
            FileSelection(files=files, stdin=stdin, working_dir=here),
            os.environ,
            ReadOptions(profiles=request.profiles, interpolate=request.interpolates),
        )
    except ComposeError as error:
        _tell(error.warnings, report)
        is_for_a_person = sys.stderr.isatty()
        # A program is told one fault, as the original does, unless there are more of the shape.
        for other in error.others if is_for_a_person or isinstance(error, SchemaError) else ():
            report.error(str(other))
        place = f"\n  at {error.position}" if error.position and is_for_a_person else ""
        what = "create compose options" if isinstance(error, VariablesError) else "load files"
        raise ConvertError(f"Unable to {what}: {error}{place}") from error
    _tell(model.warnings, report)
    if is_verbose:
        from kompose.exposed import exposed_values
        from kompose.ignored import ignored_keys

        for finding in (*exposed_values(model), *ignored_keys(model, mends=request.options.mends)):
            report.debug(str(finding))
    return convert(model, request.options, report)


def _tell(findings: "Iterable[Diagnostic]", report: Report) -> None:
    """Warns of what the original warns of; of what only we see we speak when asked to."""
    from kompose.diagnostics import Severity

    for finding in findings:
        say = report.debug if finding.severity is Severity.INFO else report.warn
        say(_words(finding))


def _words(warning: "Diagnostic") -> str:
    """A warning for a person, with its place, or in the original's words for a program."""
    return str(warning) if sys.stderr.isatty() else warning.message


def _write(
    objects: list[dict[str, object]],
    output: "Output",
    report: Report,
    *,
    provider: str,
) -> None:
    from kompose.emit.files import Form, write_directory, write_one_file, write_stream

    word = "OpenShift" if provider.lower() == "openshift" else "Kubernetes"
    form = Form(output.is_json, output.indent, word)
    if output.is_stdout:
        write_stream(objects, form, sys.stdout.write)
        sys.stdout.flush()
    elif output.is_chart:
        from kompose.emit.helm_chart import write_chart

        write_chart(objects, output.out, form, report)
    elif output.out and not output.out.endswith("/") and not Path(output.out).is_dir():
        write_one_file(objects, output.out, form, report)
    else:
        write_directory(objects, output.out, form, report)


def _run_app(command: str, line: Sequence[str]) -> int:
    """Runs one of the commands that work on a cluster."""
    from kompose.app import run_app

    return run_app(command, line, start_demo)


def start_demo(stack: "ExitStack") -> Path:
    """Starts a demo cluster that ends with the stack, and returns its kubeconfig."""
    from demo_cluster.launch import DemoStartError
    from demo_cluster.launch import start_demo as start

    try:
        demo: DemoProcess = stack.enter_context(start())
    except DemoStartError as error:
        raise ConvertError(str(error)) from error
    return demo.kubeconfig
