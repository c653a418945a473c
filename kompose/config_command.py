"""`kompose config`, as Typer declares it."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kompose.invocation import Invocation


class Form(StrEnum):
    """How the model is written."""

    YAML = "yaml"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("config")(config)


def config(
    context: typer.Context,
    services: Annotated[
        list[str] | None, typer.Argument(help="Only these, with what they depend on")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="yaml or json")] = Form.YAML,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only check; print nothing")] = False,
    no_interpolate: Annotated[
        bool, typer.Option("--no-interpolate", help="Leave variables as they are")
    ] = False,
    no_normalize: Annotated[
        bool, typer.Option("--no-normalize", help="Neither complete names nor check references")
    ] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", help="File to write instead of stdout")
    ] = "",
    list_services: Annotated[bool, typer.Option("--services", help="Names of services")] = False,
    list_volumes: Annotated[bool, typer.Option("--volumes", help="Names of volumes")] = False,
    list_networks: Annotated[bool, typer.Option("--networks", help="Names of networks")] = False,
    list_images: Annotated[bool, typer.Option("--images", help="Images used")] = False,
    list_profiles: Annotated[bool, typer.Option("--profiles", help="Profiles named")] = False,
) -> None:
    """Print the compose files as one canonical model. Example: kompose config --format json."""
    from kompose.compose.read import ReadOptions
    from kompose.config import config_json, config_tree, config_yaml, images, profiles
    from kompose.reading import read_project

    invocation: Invocation = context.obj
    enabled = (*invocation.where.profiles, *(("*",) if list_profiles else ()))
    options = ReadOptions(
        enabled,
        interpolate=not no_interpolate,
        project_name=invocation.where.project_name,
        checks=not no_normalize,
    )
    model = read_project(invocation, options)
    sections = {
        "services": list_services,
        "volumes": list_volumes,
        "networks": list_networks,
    }
    names = [name for key, asked in sections.items() if asked for name in model.tree.get(key, {})]
    names += images(model) if list_images else []
    names += profiles(model) if list_profiles else []
    if any((*sections.values(), list_images, list_profiles)):
        _put("".join(f"{name}\n" for name in names), output)
        return
    tree = config_tree(model, services or (), escapes_dollars=not no_interpolate)
    if not quiet:
        _put(config_json(tree) if form is Form.JSON else config_yaml(tree), output)


def _put(text: str, output: str) -> None:
    """Writes to stdout, or to a file that appears whole or not at all."""
    if not output or output == "-":
        sys.stdout.write(text)
        return
    from kompose.emit.whole_files import write_files
    from kompose.errors import KomposeError

    try:
        write_files({output: text})
    except OSError as error:
        raise KomposeError(f"{output} cannot be written: {error.strerror}") from error
