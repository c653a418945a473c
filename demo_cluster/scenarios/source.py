"""A scenario file as a tree that knows where each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from demo_cluster.scenarios.shapes import Shapes

SHIPPED = ("shop", "bad-day", "big", "empty")
_LONGEST_PATH = 12
_LONGEST_SHOWN = 60


class ScenarioError(ValueError):
    """The file is no scenario: a line for each mistake: where, what is wrong, and what to do."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Mistakes:
    """What is wrong with a file, so that a person hears of all of it at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on after a mistake inside."""
        try:
            yield
        except ScenarioError as error:
            self._found += error.mistakes

    def tell(self) -> None:
        """Say what was found, in the order of the lines.

        Raises:
            ScenarioError: Anything was.
        """
        if self._found:
            raise ScenarioError(*sorted(dict.fromkeys(self._found), key=_line))


_PLACED = re.compile(r"(.*?):(\d+): ")


def _line(mistake: str) -> tuple[str, int]:
    match = _PLACED.match(mistake)
    return (match[1], int(match[2])) if match else ("", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Entry(dict[str, Any]):
    """A mapping of the file; `place` is its first line."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self._lines: dict[str, int] = {}

    def add(self, key: str, value: Any, line: int) -> None:
        """A key, its value and its line."""
        self[key] = value
        self._lines[key] = line

    def place_of(self, key: str) -> Place:
        """Where a key stands."""
        return Place(self.place.file, self._lines.get(key, self.place.line))

    def place_at(self, path: str) -> Place:
        """Where the part stands that an object's field path names, as near as it is written here.

        A short form has only some of the path's steps; the others are passed over.
        """
        steps = [step for step in re.split(r"[.\[\]]+", path) if step]
        return self._nearest(steps[-_LONGEST_PATH:])[1] or self.place

    def _nearest(self, steps: Sequence[str]) -> tuple[int, Place | None]:
        """How many of the steps are written here, and the place of the last."""
        best: tuple[int, Place | None] = (0, None)
        for position, step in enumerate(steps):
            if step not in self:
                continue
            place, value, rest = self.place_of(step), self[step], steps[position + 1 :]
            if isinstance(value, list) and rest and rest[0].isdigit() and int(rest[0]) < len(value):
                value, rest = value[int(rest[0])], rest[1:]
                place = value.place if isinstance(value, Entry) else place
            count, deeper = value._nearest(rest) if isinstance(value, Entry) else (0, None)
            if count + 1 > best[0]:
                best = (count + 1, deeper or place)
        return best

    def check(self, what: str, known: Shapes, required: Sequence[str] = ()) -> None:
        """Every key is known, the required ones are there, and each holds what it may.

        Raises:
            ScenarioError: One is not; says it of each.
        """
        found = [self._mistake(what, key, value, known) for key, value in self.items()]
        meant = {_near(key, known) for key in self if key not in known}
        found += [
            f"{self.place}: {what} lacks the key {key!r}; add it."
            for key in required
            if key not in self and key not in meant
        ]
        mistakes = [mistake for mistake in found if mistake]
        if mistakes:
            raise ScenarioError(*mistakes)

    def _mistake(self, what: str, key: str, value: Any, known: Shapes) -> str:
        place = self.place_of(key)
        if key not in known:
            near = _near(key, known)
            advice = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}."
            return f"{place}: {what} has no key {key!r}; {advice}"
        shape = known[key]
        if value is None or shape.fits(value):
            return ""
        shown = repr(plain(value))
        shown = shown if len(shown) < _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
        return f"{place}: {key} of {what} is {shown}; write {shape.example}."

    def entries(self, key: str, what: str) -> Iterator[Entry]:
        """The mappings of a list under this key; none when there is no list.

        Raises:
            ScenarioError: An entry is no mapping.
        """
        value = self.get(key)
        if not isinstance(value, list):
            return
        for each in value:
            if not isinstance(each, Entry):
                text = f"an entry of {key!r} is no mapping, but {what} is; write `key: value`."
                raise ScenarioError(f"{self.place_of(key)}: {text}")
            yield each


def _near(key: str, known: Shapes) -> str:
    import difflib  # nobody needs it before there is a mistake

    return next(iter(difflib.get_close_matches(key, known, 1)), "")


@contextmanager
def at(place: Place) -> Iterator[None]:
    """Whatever is wrong inside is wrong at this place.

    Raises:
        ScenarioError: A value was not what it should be.
    """
    try:
        yield
    except ScenarioError:
        raise
    except KeyError as error:
        raise ScenarioError(f"{place}: the key {error} is missing; add it.") from error
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise ScenarioError(f"{place}: {error}") from error


def read_scenario(name: str) -> Entry:
    """The tree of a shipped scenario or of a file, on top of the one that it extends.

    Raises:
        ScenarioError: It cannot be read, is not YAML, or is no mapping.
    """
    try:
        return _read(name, ())
    except ScenarioError:
        raise
    except ValueError as error:
        raise ScenarioError(str(error)) from error


def _read(name: str, below: tuple[str, ...]) -> Entry:
    if name in SHIPPED:
        file = f"{name}.yaml"
        text = (files("demo_cluster") / "scenarios" / file).read_text("utf-8")
    else:
        file, text = name, _text_of(name)
    tree = parse(text, file)
    if not isinstance(tree, Entry):
        raise ScenarioError(f"{file}:1: a scenario is a mapping; begin with `workloads:`.")
    base = tree.pop("extends", None)
    if base is None:
        return tree
    place = tree.place_of("extends")
    if not isinstance(base, str):
        raise ScenarioError(f"{place}: extends is {plain(base)!r}; write one name or file.")
    if str(base) in below or str(base) == name:
        raise ScenarioError(f"{place}: {base!r} extends itself; take one of the two lines out.")
    if base not in SHIPPED and not Path(str(base)).is_absolute():
        base = str(Path(name).parent / str(base))
    with at(place):
        return _extended(_read(str(base), (*below, name)), tree)


def _text_of(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8 text; save it as UTF-8.") from error
    except OSError as error:
        shipped, why = ", ".join(SHIPPED), error.strerror
        raise ValueError(
            f"no scenario {name!r}: not a readable file ({why}), and shipped are {shipped}"
        ) from error


def _extended(base: Entry, tree: Entry) -> Entry:
    """A scenario on top of another: its lists are added, its other settings win."""
    merged = Entry(tree.place)
    for source in (base, tree):
        for key, value in source.items():
            before = merged.get(key)
            joined = [*before, *value] if isinstance(value, list) and before else value
            if isinstance(value, Entry) and isinstance(before, Entry):
                joined = _extended(before, value)
            merged.add(key, joined, source.place_of(key).line)
    return merged


def parse(text: str, file: str) -> Any:
    """The tree of a YAML text.

    Raises:
        ScenarioError: It is not YAML.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _Tree(loader, file).value(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1 if mark else 1)
        problem = error.problem or error.context or "a mistake"
        raise ScenarioError(
            f"{place}: not YAML ({problem}); look at the quotes, brackets and indents there."
        ) from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{file}:1: not YAML ({str(error).splitlines()[0]})") from error
    finally:
        loader.dispose()


_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _Tree:
    def __init__(self, loader: Any, file: str) -> None:
        self._loader = loader
        self._file = file
        self._open: set[int] = set()

    def value(self, node: Any) -> Any:
        place = Place(self._file, node.start_mark.line + 1)
        if node.id == "scalar":
            if node.tag in _NUMBERS and ":" in node.value:
                return node.value  # 429:30 is no number to base 60
            with at(place):
                return self._loader.construct_object(node)
        if id(node) in self._open:
            raise ScenarioError(f"{place}: an anchor contains itself; write it out.")
        self._open.add(id(node))
        try:
            if node.id == "sequence":
                return [self.value(each) for each in node.value]
            return self._mapping(node, place)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: Any, place: Place) -> Entry:
        self._loader.flatten_mapping(node)
        entry = Entry(place)
        for key_node, value_node in node.value:
            key = key_node.value if key_node.id == "scalar" else ""
            line = key_node.start_mark.line + 1
            if not key or key in entry:
                what = f"the key {key!r} stands there twice" if key else "a key is no word"
                raise ScenarioError(f"{self._file}:{line}: {what}; take one out.")
            entry.add(key, self.value(value_node), line)
        return entry


def plain(value: Any) -> Any:
    """The value without its places, as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
