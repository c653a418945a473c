"""The same objects as a Helm chart: a directory with templates and two small files."""

import os
from pathlib import Path

from kompose.emit.files import Form, Objects, write_directory, write_whole
from kompose.report import ConvertError, Report

_README = "This chart was created by Kompose\n"


def write_chart(objects: Objects, name: str, form: Form, report: Report) -> None:
    """A chart in the directory `name`, which may exist.

    Raises:
        ConvertError: A file cannot be written.
    """
    write_directory(objects, os.path.join(name, "templates"), form, report)  # noqa: PTH118 - printed as cleaned text
    try:
        (Path(name) / "templates").mkdir(parents=True, exist_ok=True)
        write_whole(Path(name) / "README.md", _README)
        write_whole(Path(name) / "Chart.yaml", chart_text(name))
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        raise ConvertError(f"Unable to write the chart in {name}: {words}") from error
    report.info(f'chart created in "{name}/"\n')


def chart_text(name: str) -> str:
    """Chart.yaml."""
    return (
        f"name: {name}\n"
        f"description: A generated Helm Chart for {name} from Skippbox Kompose\n"
        "version: 0.0.1\n"
        "apiVersion: v2\n"
        "keywords:\n"
        f"  - {name}\n"
        "sources:\n"
        "home:\n"
    )
