"""What a value may look like, as values themselves; a check finds every fault, not the first.

A shape knows the kinds of value it takes and how to look inside. The words of the findings are
those of the original's schema messages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kompose.compose.key_path import KeyPath
from kompose.compose.scalars import scalar_text
from kube_client.go_quote import quoted


class Finding(NamedTuple):
    """Something wrong with a value."""

    path: KeyPath
    why: str
    key: str | None = None
    """The key in the value that it is about, where that is one that nobody knows."""


Check = Callable[[Any], "list[Finding] | None"]

_NULL = type(None)
_UNKNOWN_KEYS = "additional properties"
_WORDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (_NULL,),
    "mapping": (dict,),
    "list": (list,),
}


class Shape(NamedTuple):
    """What one value may look like."""

    kinds: frozenset[type]
    """Classes of the values it looks at; of all others it says ``refusal``."""
    refusal: str
    check: Check
    """Looks inside a value of these kinds: paths below it and what is wrong there."""


def specificity(finding: Finding) -> int:
    """How much a finding says; of several the one that says most is told."""
    return len(finding.path) + finding.why.startswith(_UNKNOWN_KEYS)


def _below(key: str | int, found: Iterable[Finding] | None) -> list[Finding]:
    """The findings in the value of a key, seen from where the key is."""
    return [finding._replace(path=(key, *finding.path)) for finding in found or ()]


def findings(shape: Shape, value: Any) -> list[Finding] | None:
    """Everything that is wrong with a value, or nothing."""
    if value.__class__ is float and (found := _finite(value)):
        return found
    if value.__class__ in shape.kinds:
        return shape.check(value)
    if value.__class__ is float and int in shape.kinds and value.is_integer():
        return shape.check(int(value))
    return [Finding((), shape.refusal)]


def _fine(_value: Any) -> None:
    return None


def one_of_kinds(*words: str) -> Shape:
    """Any value of the kinds named, such as ``"string", "null"``."""
    kinds = frozenset(kind for word in words for kind in _WORDS[word])
    return Shape(kinds, f"must be a {_joined(sorted(words))}", _fine)


def _joined(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def whole_number(at_least: int, at_most: int | None = None) -> Shape:
    """An integer within bounds."""
    return bounded("integer", at_least, at_most)


def bounded(word: str, at_least: int, at_most: int | None = None) -> Shape:
    """A number within bounds."""

    def check(value: Any) -> list[Finding] | None:
        if value < at_least:
            return [Finding((), f"must be greater than or equal to {at_least}")]
        if at_most is not None and value > at_most:
            return [Finding((), f"must be less than or equal to {at_most}")]
        return None

    return Shape(frozenset(_WORDS[word]), f"must be a {word}", check)


def words(*allowed: str) -> Shape:
    """One of a few texts."""
    known = frozenset(allowed)
    listing = ", ".join(map(_quoted, allowed))
    refusal = f"value must be one of {listing}" if len(allowed) > 1 else f"value must be {listing}"

    def check(value: Any) -> list[Finding] | None:
        return None if value in known else [Finding((), refusal)]

    return Shape(frozenset({str}), "must be a string", check)


def matching(pattern: str) -> Shape:
    """A text in which a pattern is found."""
    search = re.compile(pattern).search

    def check(value: Any) -> list[Finding] | None:
        return (
            None
            if search(value)
            else [Finding((), f"{_quoted(value)} does not match pattern {_quoted(pattern)}")]
        )

    return Shape(frozenset({str}), "must be a string", check)


def either(*shapes: Shape) -> Shape:
    """A value of one of several shapes, told apart by their kinds.

    A value of no such kind is told what the first shape wants; so is one whose own shape has
    nothing more special to say.
    """
    by_kind: dict[type, Check] = {}
    for shape in reversed(shapes):
        by_kind.update(dict.fromkeys(shape.kinds, shape.check))
    first = shapes[0]

    def check(value: Any) -> list[Finding] | None:
        found = by_kind[value.__class__](value)
        if found and value.__class__ not in first.kinds and not any(map(specificity, found)):
            return [Finding((), first.refusal)]
        return found

    return Shape(frozenset(by_kind), first.refusal, check)


def list_of(shape: Shape, *, distinct: bool = False) -> Shape:
    """A list of values of one shape."""

    def check(value: Any) -> list[Finding] | None:
        found: list[Finding] = []
        for index, entry in enumerate(value):
            if inner := findings(shape, entry):
                found.extend(_below(index, inner))
        if distinct and not found and (twins := _twins(value)):
            found.append(Finding((), f"items at {twins[0]} and {twins[1]} are equal"))
        return found

    return Shape(frozenset({list}), "must be a array", check)


def _twins(values: list[Any]) -> tuple[int, int] | None:
    """The places of two equal values, or None."""
    if len(set(values if _all_texts(values) else map(str, values))) == len(values):
        has_both = len({isinstance(value, str) for value in values}) > 1
        if not has_both:
            return None
    for later, value in enumerate(values):
        for earlier in range(later):
            if _are_equal(value, values[earlier]):
                return earlier, later
    return None


def _all_texts(values: list[Any]) -> bool:
    return all(value.__class__ is str for value in values)


def _are_equal(value: Any, earlier: Any) -> bool:
    """Whether two values are the same; a number is also the same as a text that says it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and isinstance(earlier, str):
        try:
            return bool(float(earlier) == value)
        except ValueError:
            return False
    return bool(value == earlier and value.__class__ is earlier.__class__)


def mapping_of(shape: Shape, keys: str | None = None, *, is_open: bool = False) -> Shape:
    """A mapping of values of one shape, whose keys match a pattern; others if it is open."""
    is_key = re.compile(keys).search if keys else None

    def check(value: Any) -> list[Finding] | None:
        found: list[Finding] = []
        unknown: list[str] = []
        for key, entry in value.items():
            if is_key and not is_key(key):
                if not is_open:
                    unknown.append(key)
                continue
            if inner := findings(shape, entry):
                found.extend(_below(key, inner))
        return found + _unknown(unknown)

    return Shape(frozenset({dict}), "must be a mapping", check)


def record(
    fields: Mapping[str, Shape], required: Sequence[str] = (), *, free: str | None = "x-"
) -> Shape:
    """A mapping with known keys; those beginning with ``free`` are anybody's."""

    def check(value: Any) -> list[Finding] | None:
        found: list[Finding] | None = None
        unknown: list[str] = []
        for key, entry in value.items():
            shape = fields.get(key)
            if shape is None:
                if free is None or not key.startswith(free):
                    unknown.append(key)
                    continue
                inner = _endless(entry)
            else:
                inner = findings(shape, entry)
            if inner:
                found = found or []
                found.extend(_below(key, inner))
        missing = [key for key in required if key not in value]
        if not found and not unknown and not missing:
            return None
        return (found or []) + _unknown(unknown) + _missing(missing)

    return Shape(frozenset({dict}), "must be a mapping", check)


def _endless(value: Any) -> list[Finding] | None:
    """The numbers without end, or that are none, in a value that may be anything else."""
    if value.__class__ is float:
        return _finite(value)
    if not isinstance(value, dict | list):
        return None
    children = value.items() if isinstance(value, dict) else enumerate(value)
    return [found for key, child in children for found in _below(key, _endless(child))]


def _finite(number: float) -> list[Finding] | None:
    if math.isfinite(number):
        return None
    return [Finding((), f"json: unsupported value: {scalar_text(number)}")]


def _quoted(text: str) -> str:
    """The text in single quotes, as the original's schema messages have it."""
    inside = quoted(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"


def _unknown(keys: list[str]) -> list[Finding]:
    listing = ", ".join(map(_quoted, keys))
    return [Finding((), f"{_UNKNOWN_KEYS} {listing} not allowed", keys[0])] if keys else []


def _missing(keys: list[str]) -> list[Finding]:
    listing = ", ".join(map(_quoted, keys))
    noun = "property" if len(keys) == 1 else "properties"
    return [Finding((), f"missing {noun} {listing}")] if keys else []


def or_null(shape: Shape, *, is_choice: bool = False) -> Shape:
    """The shape, or nothing at all; as a choice of two, only the first is told."""

    def check(value: Any) -> list[Finding] | None:
        return None if value is None else shape.check(value)

    refusal = shape.refusal if is_choice else f"{shape.refusal} or null"
    return Shape(shape.kinds | {_NULL}, refusal, check)
