"""Where objects go: the terminal, one file, or a file for each.

All texts are made before the first file is written, and all files appear or none.
"""

import errno
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kompose.emit.whole_files import write_files
from kompose.emit.yaml_text import manifest_yaml
from kompose.report import ConvertError, Report

Objects = Sequence[Mapping[str, Any]]


class Form(NamedTuple):
    """How the text of an object looks."""

    is_json: bool = False
    indent: int = 2
    provider: str = "Kubernetes"
    """The word that stands before `file "..." created`."""


def write_stream(objects: Objects, form: Form, write: Callable[[str], object]) -> None:
    """All objects as one stream of YAML documents.

    Raises:
        ConvertError: JSON was asked for.
    """
    if form.is_json:
        raise _json_to_one_place()
    write("".join(f"---\n{manifest_yaml(each, form.indent)}\n" for each in objects))


def write_one_file(objects: Objects, path: str, form: Form, report: Report) -> None:
    """All objects in one file, its parent directories made.

    Raises:
        ConvertError: JSON was asked for, or the file cannot be written.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if form.is_json:
            Path(path).touch()
            report.info(f'Kubernetes file "{path}" created')
            raise _json_to_one_place()
        parts: list[str] = []
        write_stream(objects, form, parts.append)
        write_files({path: parts[0]})
    except OSError as error:
        raise _cannot_write(path, error) from error
    report.info(f'Kubernetes file "{path}" created')


def write_directory(objects: Objects, directory: str, form: Form, report: Report) -> None:
    """Each object in a file of its own, named after it.

    Raises:
        ConvertError: A name would leave the directory, or a file cannot be written.
    """
    texts = object_files(objects, directory, form)
    put_files(texts, directory)
    tell_created(texts, form, report)


def object_files(objects: Objects, directory: str, form: Form) -> dict[str, str]:
    """The text of each object by the path of its file.

    Raises:
        ConvertError: A name would leave the directory.
    """
    return {_path(directory, each, form): _text(each, form) for each in objects}


def tell_created(paths: Iterable[str], form: Form, report: Report) -> None:
    """A line for each file that is there now."""
    for path in paths:
        report.info(f'{form.provider} file "{path}" created')


def put_files(texts: Mapping[str, str], directory: str) -> None:
    """Files in a directory, which is made.

    Raises:
        ConvertError: The directory cannot be made or a file cannot be written; then none is.
    """
    try:
        Path(directory or ".").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(directory, error) from error
    try:
        write_files(texts)
    except OSError as error:
        raise _cannot_write(str(error.filename), error) from error


def _path(directory: str, obj: Mapping[str, Any], form: Form) -> str:
    """The path as it is printed: joined and cleaned."""
    return os.path.normpath(os.path.join(directory, file_name(obj, form)))  # noqa: PTH118 - text


def _text(obj: Mapping[str, Any], form: Form) -> str:
    if not form.is_json:
        return manifest_yaml(obj, form.indent)
    from kompose.emit.json_text import manifest_json  # few want it, and json is slow to load

    return manifest_json(obj)


def file_name(obj: Mapping[str, Any], form: Form) -> str:
    """`web-service.yaml`: the object's name and kind.

    Raises:
        ConvertError: The name holds what a file name must not.
    """
    name: str = obj["metadata"]["name"]
    if "/" in name or "\\" in name or "\0" in name:
        raise ConvertError(
            f"{obj['kind']} {name!r} cannot be written to a file of its own: its name has a "
            "path in it. Choose another name, or write to --stdout"
        )
    return f"{name}-{obj['kind'].lower()}.{'json' if form.is_json else 'yaml'}"


def _json_to_one_place() -> ConvertError:
    return ConvertError(
        "cannot convert to one file while specifying a json output file or stdout option"
    )


def _cannot_write(path: str, error: OSError) -> ConvertError:
    words = (error.strerror or "cannot be written").lower()
    if isinstance(error, FileExistsError):
        words = "not a directory"  # a file stands where a directory should be
    way = "Shorten the name" if error.errno == errno.ENAMETOOLONG else "Choose another place"
    return ConvertError(f"Unable to write {path}: {words}. {way} with --out, or use --stdout")
