"""What a project is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kompose.compose.interpolate import interpolate
from kompose.compose.load import Loader, Source
from kompose.compose.scalars import scalar_text
from kompose.errors import ComposeError
from kube_client.go_quote import quoted

NAME_VARIABLE = "COMPOSE_PROJECT_NAME"
_SHORT_TEXT = 10


_NO_NAME = "project name must not be empty"


def project_name(
    asked_for: str | None,
    variables: Mapping[str, str],
    directory: Path,
    sources: list[Source],
    loader: Loader,
) -> str:
    """The name asked for, else that of the last file with one, else the directory's.

    Raises:
        ComposeError: The name asked for is not lawful, or there is none.
    """
    asked = asked_for or variables.get(NAME_VARIABLE)
    written = [(source, _name_in(source, loader)) for source in sources]
    if asked:
        if asked != normal_project_name(asked):
            raise ComposeError(
                f"invalid project name {quoted(asked)}: must consist only of lowercase "
                "alphanumeric characters, hyphens, and underscores as well as start with a letter "
                "or number"
            )
        return asked
    source, name = next((pair for pair in reversed(written) if pair[1]), (None, directory.name))
    if source is not None and loader.interpolates:
        warn = partial(loader.warn, source=source)
        with loader.placing_faults(source):
            name = interpolate({"name": name}, variables.get, warn)["name"]
    if not normal_project_name(name):
        raise ComposeError(_NO_NAME)
    return normal_project_name(name)


def normal_project_name(text: str) -> str:
    """The letters of a text that a project's name may have, in lower case."""
    return re.sub(r"[^-_a-z0-9]", "", text.lower()).lstrip("_-")


def _name_in(source: Source, loader: Loader) -> str:
    """The ``name:`` of a file's last document with one, as it is written."""
    found = ""
    for number, document in enumerate(loader.documents(source, for_name=True)):
        value = document.value
        if isinstance(value, dict):
            name = value.get("name")
            if isinstance(name, dict | list):
                raise _not_into(_yaml_kind(name), "string", document.line)
            found = scalar_text(name) if name not in (None, "") else found
        elif value is not None and not number:
            raise _not_into(_yaml_kind(value), "cli.named", document.line)
    return found


def _not_into(kind: str, wanted: str, line: int) -> ComposeError:
    return ComposeError(
        f"yaml: unmarshal errors:\n  line {line}: cannot unmarshal {kind} into {wanted}"
    )


def _yaml_kind(value: Any) -> str:
    if isinstance(value, list | dict):
        return "!!seq" if isinstance(value, list) else "!!map"
    text = scalar_text(value)
    short = f"{text[: _SHORT_TEXT - 3]}..." if len(text) > _SHORT_TEXT else text
    tags = {bool: "bool", int: "int", float: "float"}
    return f"!!{tags.get(type(value), 'str')} `{short}`"
