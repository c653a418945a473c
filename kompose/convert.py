"""The compiler as a library: a compose model to Kubernetes objects."""

from collections.abc import Mapping
from typing import Any

from kompose.compose.dotenv import DotenvError, parse_dotenv
from kompose.compose.dotenv_joho import parse_joho
from kompose.compose.read import Model
from kompose.file_content import read_file
from kompose.manifests.component import (
    EnvFileContent,
    MakeImage,
    ReadEnvFile,
    Scope,
    no_image,
)
from kompose.manifests.sources import is_config_key
from kompose.manifests.write import write_manifests
from kompose.options import ConvertOptions
from kompose.project import project_from_model
from kompose.report import ConvertError, Report


def convert(model: Model, options: ConvertOptions, report: Report) -> list[dict[str, Any]]:
    """The objects of a project, in the order in which they should be made.

    What is left out or changed on the way goes to the report.

    Raises:
        ConvertError: The project says something that Kubernetes cannot express.
    """
    project = project_from_model(model.tree, str(model.working_dir), model.environment)
    env_files = _env_file_reader(options, report)
    return write_manifests(
        Scope(project, options, report, env_files, _image_maker(options, report))
    )


def _image_maker(options: ConvertOptions, report: Report) -> MakeImage:
    if not options.build.is_custom and options.build.mode != "local":
        return no_image
    from kompose.images import image_maker

    return image_maker(options.build, report, is_openshift=options.is_openshift)


def _env_file_reader(options: ConvertOptions, report: Report) -> ReadEnvFile:
    known: dict[tuple[str, int], EnvFileContent] = {}

    def read(path: str, environment: Mapping[str, str | None]) -> EnvFileContent:
        place = (path, id(environment))
        if place not in known:
            known[place] = _read_env_file(path, environment, options, report)
        return known[place]

    return read


def _read_env_file(
    path: str, environment: Mapping[str, str | None], options: ConvertOptions, report: Report
) -> EnvFileContent:
    try:
        text = read_file(path).decode("utf-8", "replace")
    except OSError as error:
        raise ConvertError(
            f"Unable to retrieve env file: open {path}: no such file or directory"
        ) from error
    try:
        found = parse_dotenv(text, environment.get, report.warn)
    except DotenvError as error:
        words = f"failed to read {path}: {error}"
        raise ConvertError(f"Unable to retrieve env file: {words}") from error
    # The original's ConfigMaps have no names that start with a digit.
    values = {name: found[name] for name in found if options.mends or not name[:1].isdigit()}
    if options.mends:
        for name in [name for name in values if not is_config_key(name)]:
            report.warn(f"The variable {name!r} of {path} is left out: no object can have it")
            del values[name]
        # The second dialect knows fewer names than compose; mended, compose's own decides.
        return EnvFileContent(values, frozenset())
    try:
        return EnvFileContent(values, frozenset(parse_joho(text)))
    except DotenvError as error:
        return EnvFileContent(values, frozenset(), str(error))
