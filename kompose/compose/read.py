"""The front end's door: a selection of files and variables in, a canonical model out."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kompose.compose.compose_file import SECTIONS
from kompose.compose.decode import below
from kompose.compose.dotenv import read_dotenv
from kompose.compose.environment import with_file_values
from kompose.compose.key_path import KeyPath, PathError
from kompose.compose.load import STANDARD_INPUT, Loader, Scope, Source, read_source
from kompose.compose.normalize import normalize
from kompose.compose.project_name import NAME_VARIABLE, project_name
from kompose.compose.shell_words import split_words
from kompose.compose.validate import check_project
from kompose.diagnostics import Diagnostic, Position, Severity
from kompose.errors import ComposeError, VariablesError
from kube_client.go_quote import quoted


class FileSelection(NamedTuple):
    """Which compose files make the project, in the order of overriding."""

    files: tuple[str, ...]
    """Paths as the user gave them; ``-`` is standard input."""
    stdin: bytes | None
    working_dir: Path
    """Where relative paths start, and the project's directory when it comes from stdin."""


class ReadOptions(NamedTuple):
    """How to read."""

    profiles: tuple[str, ...] = ()
    interpolate: bool = True
    project_name: str | None = None
    checks: bool = True
    """Whether names are completed and references checked; off, the tree is as it was written."""
    is_consistent: bool = True
    """Whether references are checked."""
    reads_env_files: bool = True
    """Whether services have the variables and labels of their files."""
    resolves_paths: bool = True
    """Whether paths of the host are absolute."""
    decodes: bool = True
    """Whether values are the model's own; off, they may still be texts with variables in them."""


_DEFAULTS = ReadOptions()
_SHELL_OPERATOR = frozenset(";&|<>")
_NO_ENV_FILE = "COMPOSE_DISABLE_ENV_FILE"
_GO_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_GO_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))
_NO_VARIABLES: Mapping[str, str] = {}
_NO_MODELS: Mapping[str, Any] = {}


def _nowhere(_path: KeyPath) -> Position | None:
    return None


class Model(NamedTuple):
    """A compose project in canonical form."""

    tree: dict[str, Any]
    """The model as compose prints it in JSON; services in the order of the files."""
    name: str
    working_dir: Path
    """The project's directory: the one of the first file."""
    files: tuple[str, ...]
    """Absolute paths of the files selected."""
    warnings: list[Diagnostic]
    sources: tuple[str, ...] = ()
    """Absolute paths of all files that it came from: included and extended ones, environment,
    secret and config files too. When one of them changes, so may the model."""
    disabled_services: tuple[str, ...] = ()
    """Services that no chosen profile has."""
    environment: Mapping[str, str] = _NO_VARIABLES
    """The variables that the files saw."""
    models: Mapping[str, Any] = _NO_MODELS
    """The language models, which compose does not print in JSON."""
    locate: Callable[[KeyPath], Position | None] = _nowhere
    """Finds where a value of the tree is written."""

    def position(self, path: KeyPath) -> Position | None:
        """Where a value of the tree, such as ``("services", "web")``, is written."""
        return self.locate(path)

    def config_content(self, name: str) -> str | None:
        """The text of a config given in the file or by a variable; None for any other."""
        config = self.tree.get("configs", {}).get(name, {})
        if "content" in config:
            return str(config["content"])
        return self.environment.get(config["environment"]) if "environment" in config else None


def read_model(
    selection: FileSelection,
    environment: Mapping[str, str],
    options: ReadOptions = _DEFAULTS,
) -> Model:
    """The canonical model of the selected files.

    Raises:
        ComposeError: They do not make a project.
    """
    loader = Loader(interpolates=options.interpolate, resolves_paths=options.resolves_paths)
    try:
        return _read(selection, environment, options, loader)
    except ComposeError as error:
        error.warnings = tuple(loader.warnings)
        raise
    except OSError as error:
        # A path of the file's own that the system will not even look at.
        reason = (error.strerror or "cannot be read").lower()
        raise ComposeError(f"open {error.filename}: {reason}") from error


def _read(
    selection: FileSelection, environment: Mapping[str, str], options: ReadOptions, loader: Loader
) -> Model:
    """The passes, in order."""
    sources = _sources(selection)
    directory = _project_directory(selection)
    variables = _variables(directory, environment, loader)
    name = project_name(options.project_name, variables, directory, sources, loader)
    variables[NAME_VARIABLE] = name
    tree = loader.load(sources, Scope(str(directory), variables))
    if not tree:
        raise ComposeError("empty compose file")
    if options.checks:
        tree = normalize(tree, name, variables.get)
    if not options.decodes:
        return _model(
            {"services": {}, **tree, "name": name}, name, directory, sources, loader, variables
        )
    _warn_of_cut_commands(tree, loader)
    decoded = _decode(tree, loader)
    services, disabled = _by_profile(decoded["services"], options.profiles)
    decoded = {"name": name, **decoded, "services": services}
    if options.checks and options.is_consistent:
        _check(decoded, frozenset(disabled), loader)

    models = decoded.pop("models", {})
    if options.checks and options.reads_env_files:
        with loader.placing_faults():
            decoded["services"] = with_file_values(services, variables, loader.warn)
    model = _model(decoded, name, directory, sources, loader, variables)
    files = dict.fromkeys((*model.sources, *_files_named_in(decoded)))
    return model._replace(models=models, disabled_services=tuple(disabled), sources=tuple(files))


def _model(
    tree: dict[str, Any],
    name: str,
    directory: Path,
    sources: Sequence[Source],
    loader: Loader,
    variables: Mapping[str, str],
) -> Model:
    return Model(
        tree=tree,
        name=name,
        working_dir=directory,
        files=tuple(source.name for source in sources),
        sources=tuple(loader.files),
        warnings=loader.warnings,
        environment=variables,
        locate=loader.positions.locate,
    )


def _sources(selection: FileSelection) -> list[Source]:
    sources: list[Source] = []
    for file in selection.files:
        if file == STANDARD_INPUT:
            sources.append(Source(STANDARD_INPUT, selection.stdin or b""))
        else:
            sources.append(read_source(os.path.normpath(selection.working_dir / file)))
    return sources


def _project_directory(selection: FileSelection) -> Path:
    first = selection.files[0] if selection.files else STANDARD_INPUT
    if first == STANDARD_INPUT:
        return selection.working_dir
    return Path(os.path.normpath(selection.working_dir / first)).parent


def _variables(directory: Path, environment: Mapping[str, str], loader: Loader) -> dict[str, str]:
    """The environment over the project's ``.env`` file."""
    file = directory / ".env"
    if _is_env_file_off(environment) or not file.is_file():
        return dict(environment)
    loader.files[str(file)] = None

    def warn(message: str) -> None:
        loader.warnings.append(Diagnostic(message, position=Position(str(file), 0)))

    try:
        return {**read_dotenv(file, environment, warn), **environment}
    except ComposeError as error:
        raise VariablesError(str(error), position=error.position) from None
    except OSError as error:
        raise ComposeError(f"open {file}: {(error.strerror or 'cannot be read').lower()}") from None


def _is_env_file_off(environment: Mapping[str, str]) -> bool:
    """Whether the user wants no ``.env`` file to be read."""
    said = environment.get(_NO_ENV_FILE)
    if said is None:
        return False
    if said not in _GO_TRUE | _GO_FALSE:
        raise VariablesError(f"strconv.ParseBool: parsing {quoted(said)}: invalid syntax")
    return said in _GO_TRUE


def _files_named_in(tree: dict[str, Any]) -> Iterator[str]:
    """The environment, label, secret and config files that a model reads."""
    for service in tree["services"].values():
        yield from (entry["path"] for entry in service.get("env_file", []))
        yield from service.get("label_file", [])
    for section in ("secrets", "configs"):
        for resource in tree.get(section, {}).values():
            if "file" in resource:
                yield resource["file"]


def _warn_of_cut_commands(tree: dict[str, Any], loader: Loader) -> None:
    """Says where a command goes on after a shell operator, which no shell will see."""
    for name, service in (tree.get("services") or {}).items():
        for key in ("command", "entrypoint"):
            line = service.get(key)
            if not isinstance(line, str) or _SHELL_OPERATOR.isdisjoint(line):
                continue
            with contextlib.suppress(ValueError):
                unread = split_words(line).unread
                if unread:
                    loader.warn(
                        f'services.{name}.{key} is no shell line: "{unread}" is left out. '
                        "Write it as a list, or inside sh -c '...'",
                        ("services", name, key),
                        severity=Severity.INFO,
                    )


def _decode(tree: dict[str, Any], loader: Loader) -> dict[str, Any]:
    """The tree in the model's own values; extensions at the top stay as they are."""
    decoded: dict[str, Any] = {"services": {}}
    findings: list[tuple[str, str]] = []
    for section, value in tree.items():
        form = SECTIONS.get(section)
        if form is None or form.decode is None:
            if section.startswith("x-"):
                decoded[section] = value
            continue
        shown: dict[str, Any] = {}
        for name, entry in (value or {}).items():
            try:
                shown[name] = form.decode(entry)
            except ValueError as fault:
                findings.extend(below(f"{section}[{name}]", fault))
        if shown or section == "services":
            decoded[section] = shown
    if findings:
        lines = "\n".join(f"'{place}' {why}" for place, why in findings)
        first, *rest = [PathError(f"'{p}' {why}", _place_path(p)) for p, why in findings]
        whole = PathError(f"decoding failed due to the following error(s):\n\n{lines}", first.path)
        whole.more = tuple(rest)
        with loader.placing_faults():
            raise whole
    return decoded


def _place_path(place: str) -> KeyPath:
    """The path that a place such as ``services[web].ports[0]`` means."""
    parts = re.findall(r"[^\[\].]+|\[[^\]]*\]", place)
    path: list[str | int] = []
    for part in parts:
        bare = part.strip("[]")
        path.append(int(bare) if part[0] == "[" and bare.isdigit() else bare)
    return tuple(path)


def _by_profile(
    services: dict[str, Any], profiles: tuple[str, ...]
) -> tuple[dict[str, Any], list[str]]:
    """The services that the profiles enable, and the names of the others."""
    enabled = {
        name: service
        for name, service in services.items()
        if not service.get("profiles")
        or "*" in profiles
        or any(profile in profiles for profile in service["profiles"])
    }
    return enabled, [name for name in services if name not in enabled]


def _check(decoded: dict[str, Any], disabled: frozenset[str], loader: Loader) -> None:
    with loader.placing_faults():
        check_project(decoded, disabled)
