"""What a project is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kompose.compose.load import Loader, Source
from kompose.compose.scalars import scalar_text
from kompose.compose.template import InvalidTemplateError, MissingVariableError, substitute
from kompose.errors import ComposeError

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
    in_files = [_name_in(source, variables, loader) for source in sources]
    if asked:
        if asked != normal_project_name(asked):
            raise ComposeError(
                f'invalid project name "{asked}": must consist only of lowercase alphanumeric '
                "characters, hyphens, and underscores as well as start with a letter or number"
            )
        return asked
    named = next((name for name in reversed(in_files) if name), "")
    name = normal_project_name(named or directory.name)
    if not name:
        raise ComposeError(_NO_NAME)
    return name


def normal_project_name(text: str) -> str:
    """The letters of a text that a project's name may have, in lower case."""
    return re.sub(r"[^-_a-z0-9]", "", text.lower()).lstrip("_-")


def _name_in(source: Source, variables: Mapping[str, str], loader: Loader) -> str:
    """The ``name:`` of a file's last document with one."""
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
    try:
        name = substitute(found, variables.get, lambda text: loader.warn(text, ("name",), source))
    except (InvalidTemplateError, MissingVariableError) as error:
        raise ComposeError(str(error)) from None
    if found and not name:
        raise ComposeError(_NO_NAME)
    return name


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
