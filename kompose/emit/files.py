"""Where objects go: the terminal, one file, or a file for each.

A file is written beside its place and moved there when it is whole.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
        write_whole(Path(path), parts[0])
    except OSError as error:
        raise _cannot_write(path, error) from error
    report.info(f'Kubernetes file "{path}" created')


def write_directory(objects: Objects, directory: str, form: Form, report: Report) -> None:
    """Each object in a file of its own, named after it.

    Every text is made before the first file is written.

    Raises:
        ConvertError: A name would leave the directory, or a file cannot be written.
    """
    texts = {_path(directory, each, form): _text(each, form) for each in objects}
    try:
        Path(directory or ".").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(directory, error) from error
    for path, text in texts.items():
        try:
            write_whole(Path(path), text)
        except OSError as error:
            raise _cannot_write(path, error) from error
        report.info(f'{form.provider} file "{path}" created')


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


def write_whole(path: Path, text: str) -> None:
    """Puts the text at the path, all of it or nothing."""
    import tempfile  # needs 7 ms to load, and stdout does without

    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _json_to_one_place() -> ConvertError:
    return ConvertError(
        "cannot convert to one file while specifying a json output file or stdout option"
    )


def _cannot_write(path: str, error: OSError) -> ConvertError:
    words = os.strerror(error.errno or 0).lower()
    return ConvertError(f"Unable to write {path}: {words}. Choose another place with --out")
