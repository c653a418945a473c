"""The same objects as a Helm chart: a directory with templates and two small files."""

import os

from kompose.emit.files import Form, Objects, object_files, put_files, tell_created
from kompose.report import Report

_README = "This chart was created by Kompose\n"


def write_chart(objects: Objects, name: str, form: Form, report: Report) -> None:
    """A chart in the directory `name`, which may exist.

    Raises:
        ConvertError: A file cannot be written.
    """
    templates = object_files(objects, os.path.join(name, "templates"), form)  # noqa: PTH118 - printed as cleaned text
    chart = {f"{name}/README.md": _README, f"{name}/Chart.yaml": chart_text(name)}
    put_files({**templates, **chart}, f"{name}/templates")
    tell_created(templates, form, report)
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
