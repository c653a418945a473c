"""`kompose config`, as Typer declares it."""

from __future__ import annotations

import sys
from collections.abc import Callable
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
    no_consistency: Annotated[
        bool, typer.Option("--no-consistency", help="Do not check references")
    ] = False,
    no_env_resolution: Annotated[
        bool, typer.Option("--no-env-resolution", help="Do not read the services' env files")
    ] = False,
    no_path_resolution: Annotated[
        bool, typer.Option("--no-path-resolution", help="Leave paths relative")
    ] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", help="File to write instead of stdout")
    ] = "",
    list_services: Annotated[bool, typer.Option("--services", help="Names of services")] = False,
    list_volumes: Annotated[bool, typer.Option("--volumes", help="Names of volumes")] = False,
    list_networks: Annotated[bool, typer.Option("--networks", help="Names of networks")] = False,
    list_models: Annotated[bool, typer.Option("--models", help="Names of models")] = False,
    list_images: Annotated[bool, typer.Option("--images", help="Images used")] = False,
    list_profiles: Annotated[bool, typer.Option("--profiles", help="Profiles named")] = False,
    list_variables: Annotated[
        bool, typer.Option("--variables", help="Variables that the files name, and defaults")
    ] = False,
    list_environment: Annotated[
        bool, typer.Option("--environment", help="Variables that the files see, with values")
    ] = False,
    hashed: Annotated[
        str, typer.Option("--hash", help="Hashes of services, by name, or * for all")
    ] = "",
) -> None:
    """Print the compose files as one canonical model. Example: kompose config --format json."""
    from kompose.compose.read import ReadOptions
    from kompose.config import config_json, config_tree, config_yaml
    from kompose.config_lists import environment, hashes, images, names, profiles, variables
    from kompose.reading import read_project

    invocation: Invocation = context.obj
    leaves_variables = no_interpolate or list_variables
    enabled = (*invocation.where.profiles, *(("*",) if list_profiles else ()))
    options = ReadOptions(
        enabled,
        interpolate=not leaves_variables,
        project_name=invocation.where.project_name,
        checks=not (no_normalize or list_variables),
        is_consistent=not no_consistency,
        reads_env_files=not no_env_resolution,
        resolves_paths=not no_path_resolution,
        decodes=not leaves_variables,
    )
    model = read_project(invocation, options)
    listings: tuple[tuple[bool, Callable[[], list[str]]], ...] = (
        (list_services, lambda: names(model, "services")),
        (list_volumes, lambda: names(model, "volumes")),
        (list_networks, lambda: names(model, "networks")),
        (list_models, lambda: names(model, "models")),
        (list_images, lambda: images(model)),
        (list_profiles, lambda: profiles(model)),
        (list_variables, lambda: variables(model)),
        (list_environment, lambda: environment(model)),
        (bool(hashed), lambda: hashes(model, hashed)),
    )
    if any(asked for asked, _ in listings):
        lines = [line for asked, listing in listings if asked for line in listing()]
        _put("".join(f"{line}\n" for line in lines), output)
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
