"""Label and field selectors: parse, print and match them as the API server does.

Follows apimachinery's labels and fields packages: requirements are sorted by key, `==` stays.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_client.errors import KubeError

_TOKEN = re.compile(r"\s*(==|!=|=|!|\(|\)|,|>|<|[^\s=!(),<>]+)")
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", re.ASCII)
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_SYMBOLS = frozenset({"==", "!=", "=", "!", "(", ")", ",", ">", "<"})


class SelectorError(KubeError):
    """The selector is not well formed."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label.

    `operator` is one of `=`, `==`, `!=`, `in`, `notin`, `exists`, `!`, `>`, `<`; `values` are
    sorted.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil it; an absent label fulfils `!=`, `notin` and `!`."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        if self.operator in ("!=", "notin"):
            return value is None or value not in self.values
        if value is None:
            return False
        if self.operator in (">", "<"):
            return _compares(value, self.operator, self.values[0])
        return value in self.values

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({','.join(self.values)})"
        return f"{self.key}{self.operator}{self.values[0]}"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All of its requirements must be fulfilled; without any it selects everything."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "LabelSelector":
        """The selector that the text means, as in `app=web,tier in (a,b),!canary`.

        Raises:
            SelectorError: The text is not well formed.
        """
        return cls.of(_LabelParser(text).requirements())

    @classmethod
    def of(cls, requirements: Sequence[Requirement]) -> "LabelSelector":
        """The selector with these requirements, in normal order."""
        return cls(tuple(sorted(requirements, key=lambda requirement: requirement.key)))

    @classmethod
    def from_labels(cls, labels: Mapping[str, str]) -> "LabelSelector":
        """The selector for exactly these labels, as a Service's `spec.selector`."""
        return cls.of([Requirement(key, "=", (value,)) for key, value in labels.items()])

    @classmethod
    def from_object(cls, selector: Mapping[str, Any]) -> "LabelSelector":
        """The selector that a `matchLabels` and `matchExpressions` object means.

        Raises:
            SelectorError: An expression has an unknown operator.
        """
        found = [
            Requirement(str(key), "=", (str(value),))
            for key, value in (selector.get("matchLabels") or {}).items()
        ]
        found += [_from_expression(part) for part in selector.get("matchExpressions") or ()]
        return cls.of(found)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


class _LabelParser:
    """A recursive descent over the tokens of one selector."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while self._peek():
            found.append(self._requirement())
            if not self._peek():
                break
            self._expect(",", "',' or end of the selector")
            if not self._peek():
                raise self._error("found end of the selector, expected a label after ','")
        return found

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._take()
            return Requirement(self._key(), "!")
        key = self._key()
        operator = self._peek()
        if operator in ("", ","):
            return Requirement(key, "exists")
        self._take()
        if operator in ("in", "notin"):
            return Requirement(key, operator, tuple(sorted(self._value_set())))
        if operator in ("=", "==", "!="):
            return Requirement(key, operator, (self._single_value(key),))
        if operator in (">", "<"):
            value = self._single_value(key)
            if not _INTEGER.fullmatch(value):
                raise self._error(f"{key}{operator} wants a whole number, not {value!r}")
            return Requirement(key, operator, (value,))
        raise self._error(f"found {operator!r}, expected in, notin, =, ==, !=, > or <")

    def _key(self) -> str:
        key = self._take()
        if not key or key in _SYMBOLS:
            raise self._error(f"found {key or 'end of the selector'!r}, expected a label")
        prefix, slash, name = key.rpartition("/")
        if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
            raise self._error(f"{key!r} is no label name")
        return key

    def _value_set(self) -> set[str]:
        self._expect("(", "'('")
        values: set[str] = set()
        while True:
            if self._peek() in (",", ")"):
                values.add("")
            else:
                values.add(self._value(self._take()))
            if self._peek() == ")":
                self._take()
                return values
            self._expect(",", "',' or ')'")

    def _single_value(self, key: str) -> str:
        if self._peek() in ("", ","):
            return ""
        return self._value(self._take(), key)

    def _value(self, value: str, key: str = "") -> str:
        if not value:
            raise self._error("found end of the selector, expected a value or ')'")
        if value in _SYMBOLS or not _NAME.fullmatch(value):
            raise self._error(f"{value!r} is no label value{f' for {key}' if key else ''}")
        return value

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def _expect(self, wanted: str, words: str) -> None:
        token = self._take()
        if token != wanted:
            raise self._error(f"found {token or 'end of the selector'!r}, expected {words}")

    def _error(self, why: str) -> SelectorError:
        return SelectorError(
            f"Cannot read the label selector {self._text!r}: {why}. "
            "Write it like app=web,tier in (front,back),!canary"
        )


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One field that must, or must not, have one value."""

    field: str
    operator: str
    value: str

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether the fields fulfil it; an absent field counts as empty."""
        return (fields.get(self.field, "") == self.value) == (self.operator == "=")

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{_escape(self.value)}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """All of its requirements must be fulfilled; without any it selects everything."""

    requirements: tuple[FieldRequirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "FieldSelector":
        r"""The selector that the text means; `\,`, `\=` and `\\` stand for themselves.

        Raises:
            SelectorError: The text is not well formed.
        """
        terms = sorted(term for term in _field_terms(text) if term)
        return cls(tuple(_field_requirement(term, text) for term in terms))

    @classmethod
    def of(cls, **fields: str) -> "FieldSelector":
        """The selector for these values; `__` in a name stands for a dot."""
        return cls(
            tuple(
                FieldRequirement(name.replace("__", "."), "=", value)
                for name, value in sorted(fields.items())
            )
        )

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether the fields, named as `status.phase`, fulfil every requirement."""
        return all(requirement.matches(fields) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


def _compares(value: str, operator: str, bound: str) -> bool:
    if not _INTEGER.fullmatch(value):
        return False
    return int(value) > int(bound) if operator == ">" else int(value) < int(bound)


def _from_expression(expression: Mapping[str, Any]) -> Requirement:
    key, operator = str(expression.get("key", "")), expression.get("operator")
    values = tuple(sorted(str(value) for value in expression.get("values") or ()))
    match operator:
        case "In":
            return Requirement(key, "in", values)
        case "NotIn":
            return Requirement(key, "notin", values)
        case "Exists":
            return Requirement(key, "exists")
        case "DoesNotExist":
            return Requirement(key, "!")
        case _:
            raise SelectorError(
                f"The selector of {key!r} has the unknown operator {operator!r}: "
                "use In, NotIn, Exists or DoesNotExist"
            )


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        assert match is not None
        found.append(match.group(1))
        position = match.end()
    return found


def _field_terms(text: str) -> list[str]:
    """The text cut at its commas, escapes left in."""
    terms, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == ",":
            terms.append(text[start:position])
            start = position + 1
        position += 1
    return [*terms, text[start:]]


def _field_requirement(term: str, text: str) -> FieldRequirement:
    for position, character in enumerate(term):
        if character == "!" and term[position : position + 2] == "!=":
            return _field(term[:position], "!=", term[position + 2 :], text)
        if character == "=":
            skip = 2 if term[position : position + 2] == "==" else 1
            return _field(term[:position], "=", term[position + skip :], text)
    raise SelectorError(
        f"Cannot read the field selector {text!r}: {term!r} has no = in it. "
        "Write it like status.phase=Running,spec.nodeName!=node-1"
    )


def _field(name: str, operator: str, value: str, text: str) -> FieldRequirement:
    return FieldRequirement(name, operator, _unescape(value, text))


def _unescape(value: str, text: str) -> str:
    result, position = [], 0
    while position < len(value):
        character = value[position]
        if character == "\\":
            position += 1
            character = value[position : position + 1]
            if character not in ("\\", ",", "="):
                raise SelectorError(
                    f"Cannot read the field selector {text!r}: after a backslash only "
                    r"\\, \, and \= are known"
                )
        elif character in (",", "="):
            raise SelectorError(
                f"Cannot read the field selector {text!r}: write \\{character} for a "
                f"{character} in a value"
            )
        result.append(character)
        position += 1
    return "".join(result)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
