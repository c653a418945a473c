"""Reading the project that a command line means, and telling what is odd about it, with lines.

For the commands that have no original to be equal to; `convert` says the original's words.
"""

import os
from pathlib import Path

from kompose.compose.read import FileSelection, Model, ReadOptions, read_model
from kompose.diagnostics import Diagnostic
from kompose.errors import ComposeError
from kompose.file_content import read_stdin
from kompose.invocation import Invocation
from kompose.selection import select_files_as_compose


def read_project(
    invocation: Invocation, options: ReadOptions, *, tells_warnings: bool = True
) -> Model:
    """The model of the files that the command line chose.

    Raises:
        ComposeError: They make no project; all faults but the gravest were told before.
        ConvertError: There are no files.
    """
    here = Path.cwd() / invocation.here
    files = select_files_as_compose(invocation.files, os.environ, here)
    report = invocation.report
    try:
        stdin = read_stdin() if "-" in files else None
        model = read_model(FileSelection(files, stdin, here), os.environ, options)
    except ComposeError as error:
        for warning in error.warnings:
            report.warn(str(warning))
        for other in error.others:
            report.error(str(other))
        placed = str(Diagnostic(str(error), position=error.position))
        raise ComposeError(placed, position=error.position) from error
    for warning in model.warnings if tells_warnings else ():
        report.warn(str(warning))
    return model
