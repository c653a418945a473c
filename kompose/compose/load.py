"""Files to one canonical tree: parse, variables, extends, include, merge, check, long forms."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from kompose.compose.canonical import canonical, with_defaults
from kompose.compose.dotenv import read_dotenv
from kompose.compose.extends import Base, apply_extends
from kompose.compose.include import check_circle, inclusions, take_in
from kompose.compose.interpolate import WarnAt, interpolate, non_string_key
from kompose.compose.key_path import KeyPath, PathError, told_at
from kompose.compose.merge import merge_trees, unique_long_entries
from kompose.compose.normalize import resolve_unset
from kompose.compose.paths import resolve_paths
from kompose.compose.positions import PositionIndex
from kompose.compose.resets import apply_resets
from kompose.compose.schema import check_schema
from kompose.compose.tree import Document, YamlContentError, YamlError, parse_documents
from kompose.compose.validate import check_tree
from kompose.diagnostics import Diagnostic, Position, Severity
from kompose.errors import ComposeError
from kompose.file_content import read_file

_NOWHERE = Position("", 0)
STANDARD_INPUT = "-"
"""The name of the file that is none."""


class Source(NamedTuple):
    """A compose file in memory; ``name`` is its absolute path, for messages."""

    name: str
    text: bytes

    @property
    def may_have_variables(self) -> bool:
        """Whether a dollar sign may be in some value, as such or as an escape."""
        return b"$" in self.text or (b"24" in self.text and b"\\" in self.text)


class Scope(NamedTuple):
    """What the files of one project or inclusion share."""

    directory: str
    environment: Mapping[str, str]
    base: str = ""
    """Where relative paths begin, when that is not the directory."""
    included_from: tuple[str, ...] = ()
    is_base: bool = False
    """Whether its services are only extended: then what they extend is followed one by one,
    nothing is included, and the shape is checked where they end up."""


def read_source(name: str) -> Source:
    """A file's text.

    Raises:
        ComposeError: It cannot be read; the text is that of the system.
    """
    try:
        return Source(name, read_file(name))
    except IsADirectoryError:
        raise ComposeError(f"read {name}: is a directory") from None
    except ValueError:
        raise ComposeError(f"open {name!r}: invalid argument") from None
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ComposeError(f"open {name}: {reason}") from None


class _Parsed(NamedTuple):
    """The documents of a file, up to what is wrong in it."""

    documents: list[Document]
    fault: YamlError | None = None


def _told(source: Source, fault: YamlError, *, for_name: bool) -> ComposeError:
    """The fault in the words of whoever meets it first."""
    before, what = f"failed to parse {source.name}: ", str(fault)
    if isinstance(fault, YamlContentError):
        for_name = for_name and fault.is_at_top
        line = "" if for_name else f"line {fault.line}: "
        what = f"yaml: unmarshal errors:\n  {line}{fault}"
    text = what if for_name else f"{before}{what}"
    return ComposeError(text, position=Position(source.name, fault.line))


class Loader:
    """Loads trees for one model and keeps what was said on the way."""

    def __init__(self, *, interpolates: bool = True, resolves_paths: bool = True) -> None:
        self.interpolates = interpolates
        self._resolves_paths = resolves_paths
        self.warnings: list[Diagnostic] = []
        self.positions = PositionIndex()
        self.files: dict[str, None] = {}
        """Every file read, in order, the environment files of inclusions too."""
        self._files: dict[Source, _Parsed] = {}
        self._bases: dict[tuple[str, int], tuple[Base, list[Diagnostic]]] = {}

    def documents(self, source: Source, *, for_name: bool = False) -> Iterator[Document]:
        """The YAML documents of a file, one after the other, the file parsed once.

        The first document is read once before, `for_name`, to see what the project is called;
        what is wrong with it is said in other words then.

        Raises:
            ComposeError: What follows is not YAML.
        """
        parsed = self._parsed(source)
        yield from parsed.documents
        if parsed.fault is not None and not (for_name and parsed.documents):
            raise _told(source, parsed.fault, for_name=for_name)

    def _parsed(self, source: Source) -> _Parsed:
        if source not in self._files:
            if source.name != STANDARD_INPUT:
                self.files[source.name] = None
            self.positions.add(source.name, source.text)
            try:
                self._files[source] = _Parsed(parse_documents(source.text))
            except YamlError as fault:
                self._files[source] = _Parsed(fault.before, fault)
        return self._files[source]

    def load(self, sources: Sequence[Source], scope: Scope) -> dict[str, Any]:
        """The canonical tree of files that override each other, paths absolute.

        Raises:
            ComposeError: The files do not make a compose tree.
        """
        tree: dict[str, Any] = {}
        for source in sources:
            tree, _ = self.load_over(tree, source, scope)
        tree = with_defaults(tree)
        with self.placing_faults():
            check_tree(tree)
        if self._resolves_paths or scope.included_from:
            tree = resolve_paths(tree, scope.base or scope.directory)
        return _with_environment(tree, scope.environment)

    def load_over(
        self, tree: dict[str, Any], source: Source, scope: Scope
    ) -> tuple[dict[str, Any], tuple[KeyPath, ...]]:
        """The tree with one more file over it, and what that file takes back."""
        resets: tuple[KeyPath, ...] = ()
        for document in self.documents(source):
            resets += document.resets
            with self.placing_faults(source):
                tree = self._document_over(tree, document, source, scope)
        return tree, resets

    @contextmanager
    def placing_faults(self, source: Source | None = None) -> Iterator[None]:
        """Gives the faults of a step a position."""
        try:
            yield
        except PathError as error:
            if error.position is None:
                error.position = self.positions.locate(error.path, source.name if source else None)
            found = [
                Diagnostic(
                    str(fault), Severity.ERROR, fault.position or self.positions.locate(fault.path)
                )
                for fault in error.more
            ]
            if found:
                error.others = tuple(sorted(found, key=lambda one: one.position or _NOWHERE))
            raise

    def _document_over(
        self, tree: dict[str, Any], document: Document, source: Source, scope: Scope
    ) -> dict[str, Any]:
        value = document.value
        if not isinstance(value, dict):
            where = Position(source.name, document.line)
            raise ComposeError("top-level object must be a mapping", position=where)
        if document.has_odd_keys and (odd := non_string_key(value)):
            raise ComposeError(odd, position=Position(source.name, document.line))
        if self.interpolates:
            value = interpolate(
                value,
                scope.environment.get,
                self._warner(source),
                has_variables=source.may_have_variables,
            )
        tree = apply_resets(tree, document.resets)
        if not scope.is_base:
            load = partial(self._base, scope=scope)
            value = apply_extends(value, source.name, document.resets, load)
            value = self._include(value, source, scope, document.resets)
        tree = merge_trees(tree, value)
        if not scope.is_base:
            check_schema(tree, source.name)
            tree = self._without_version(tree, source)
        tree = canonical(tree, self._warner(source), tolerant=not self.interpolates)
        return unique_long_entries(tree)

    def warn(
        self,
        message: str,
        path: KeyPath,
        source: Source | None = None,
        severity: Severity = Severity.WARNING,
    ) -> None:
        """Keeps a warning about a value, of one file or of whichever has it."""
        where = self.positions.locate(path, source.name if source else None)
        self.warnings.append(Diagnostic(message, severity, where))

    def _warner(self, source: Source) -> WarnAt:
        return lambda message, path: self.warn(message, path, source)

    def _without_version(self, tree: dict[str, Any], source: Source) -> dict[str, Any]:
        if "version" not in tree:
            return tree
        self._warner(source)(
            f"{source.name}: the attribute `version` is obsolete, it will be ignored, "
            "please remove it to avoid potential confusion",
            ("version",),
        )
        return {key: value for key, value in tree.items() if key != "version"}

    def _base(self, path: str, scope: Scope) -> Base:
        """A file whose services are extended, its paths seen from its own directory.

        It is read once; what is odd about it is told each time, as the original does.
        """
        name = os.path.normpath(str(Path(scope.directory, path)))
        key = (name, id(scope.environment))
        if key not in self._bases:
            before = len(self.warnings)
            inner = scope._replace(directory=str(Path(name).parent), is_base=True)
            tree, resets = self.load_over({}, read_source(name), inner)
            services = resolve_paths(tree, inner.directory).get("services")
            if not isinstance(services, dict):
                raise ComposeError(f"cannot extend a service of {name}: no services section")
            told = self.warnings[before:]
            self._bases[key] = (Base(name, services, resets), told)
            return self._bases[key][0]
        base, told = self._bases[key]
        self.warnings += told
        return base

    def _include(
        self, tree: dict[str, Any], source: Source, scope: Scope, resets: tuple[KeyPath, ...]
    ) -> dict[str, Any]:
        seen = (*scope.included_from, source.name)

        def warn(message: str) -> None:
            self.warn(message, ("include",), source)

        for index, inclusion in enumerate(inclusions(tree, scope.directory)):
            with told_at(("include", index)):
                check_circle(inclusion.files[0], seen)
                environment = dict(scope.environment)
                for file in inclusion.env_files:
                    self.files[file] = None
                    found = read_dotenv(Path(file), environment, warn)
                    environment = {**found, **environment}
                inner = Scope(inclusion.directory, environment, inclusion.base, seen)
                imported = self.load([read_source(file) for file in inclusion.files], inner)
            tree = take_in(tree, imported, lambda part: apply_resets(part, resets))
        return {key: value for key, value in tree.items() if key != "include"}


def _with_environment(tree: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The tree with variables that have no value taking the project's."""
    services = tree.get("services")
    if not isinstance(services, dict):
        return tree
    return {
        **tree,
        "services": {
            name: {**service, "environment": resolve_unset(service["environment"], environment.get)}
            if isinstance(service, dict) and service.get("environment")
            else service
            for name, service in services.items()
        },
    }
