"""Label and field selectors, parsed and matched as the server does. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import bad_request

Matcher = Callable[[Obj], bool]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One clause of a label selector."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy this clause; `!=` and `notin` also hold for a missing key."""
        value = labels.get(self.key)
        match self.operator:
            case "exists":
                return value is not None
            case "!":
                return value is None
            case "in" | "=" | "==":
                return value in self.values
            case "notin" | "!=":
                return value is None or value not in self.values
            case _:
                return value is not None and _compare(self.operator, value, self.values[0])


def _compare(operator: str, value: str, bound: str) -> bool:
    try:
        left, right = int(value), int(bound)
    except ValueError:
        return False
    return left > right if operator == ">" else left < right


def label_matcher(text: str) -> Matcher:
    """A test for objects by their labels.

    Raises:
        Failure: 400, the selector is not one.
    """
    requirements = parse_labels(text)

    def matches(obj: Obj) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(requirement.matches(labels) for requirement in requirements)

    return matches


def selector_matcher(selector: Obj | None) -> Callable[[Mapping[str, str]], bool]:
    """A test for labels by a LabelSelector object; None selects nothing, {} everything."""
    if selector is None:
        return lambda _labels: False
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    requirements = [
        Requirement(key, "=", (value,))
        for key, value in (selector.get("matchLabels") or {}).items()
    ]
    requirements += [
        Requirement(clause["key"], operators[clause["operator"]], tuple(clause.get("values") or ()))
        for clause in selector.get("matchExpressions") or ()
    ]
    return lambda labels: all(requirement.matches(labels) for requirement in requirements)


_TOKEN = re.compile(r"\s*(?P<symbol>==|!=|[=!,()<>])|\s*(?P<word>[^\s=!,()<>]+)|\s+$")


def _tokens(text: str) -> list[str]:
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            break
        position = match.end()
        token = match["symbol"] or match["word"]
        if token:
            tokens.append(token)
    return tokens


_SYMBOLS = frozenset(["==", "!=", "=", "!", ",", "(", ")", "<", ">"])


class _LabelParser:
    """Follows labels.Parser of apimachinery, its words for what is wrong included."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0

    def parse(self) -> list[Requirement]:
        requirements: list[Requirement] = []
        while self._peek():
            requirements.append(self._requirement())
            separator = self._take()
            if not separator:
                break
            if separator != ",":
                raise bad_request(f"found '{separator}', expected: ',' or 'end of string'")
            following = self._peek()
            if following != "!" and not _is_word(following):
                raise bad_request(f"found '{following}', expected: identifier after ','")
        return requirements

    def _requirement(self) -> Requirement:
        token = self._take()
        if token == "!":  # noqa: S105 -- a symbol of the selector language
            key = self._key(self._take())
            return Requirement(key, "!")
        key = self._key(token)
        operator = self._peek()
        if operator in ("", ","):
            return Requirement(key, "exists")
        self._take()
        if operator in ("in", "notin"):
            return Requirement(key, operator, self._set())
        if operator not in ("=", "==", "!=", "<", ">"):
            expected = "in, notin, =, ==, !=, gt, lt"
            raise self._failure(f"found '{operator}', expected: {expected}")
        return self._exact(key, operator)

    def _exact(self, key: str, operator: str) -> Requirement:
        value = self._peek()
        if value in ("", ","):
            return Requirement(key, operator, ("",))
        self._take()
        if not _is_word(value):
            raise self._failure(f"found '{value}', expected: identifier")
        if operator in "<>" and not re.fullmatch(r"[+-]?\d+", value):
            raise self._failure(
                f'values[0][{key}]: Invalid value: "{value}": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            )
        _check_value(self._text, key, value)
        return Requirement(key, operator, (value,))

    def _set(self) -> tuple[str, ...]:
        token = self._take()
        if token != "(":  # noqa: S105 -- a symbol of the selector language
            raise self._failure(f"found '{token}' expected: '('")
        values: list[str] = []
        while True:
            token = self._take()
            if token == ")":  # noqa: S105 -- a symbol of the selector language
                return tuple(values) or ("",)
            if token == ",":  # noqa: S105 -- a symbol of the selector language
                continue
            if not _is_word(token):
                expected = "',' or ')'" if values else "',', ')' or identifier"
                raise self._failure(f"found '{token}', expected: {expected}")
            values.append(token)

    def _key(self, token: str) -> str:
        if not _is_word(token):
            raise self._failure(f"found '{token}', expected: !, identifier, or 'end of string'")
        _check_key(self._text, token)
        return token

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def _failure(self, problem: str) -> Exception:
        return _unparsable(self._text, problem)


def _is_word(token: str) -> bool:
    return bool(token) and token not in _SYMBOLS


def _unparsable(text: str, problem: str) -> Exception:
    del text
    return bad_request(f"unable to parse requirement: {problem}")


_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
NAME_PART_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)

QUALIFIED_NAME_RULE = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
    "prefix and '/' (e.g. 'example.com/MyName')"
)


def _check_key(text: str, key: str) -> None:
    name = key.rpartition("/")[2]
    problem = ""
    if key.count("/") > 1:
        problem = QUALIFIED_NAME_RULE
    elif len(name) > 63:
        problem = "name part must be no more than 63 bytes"
    elif not _NAME.fullmatch(name):
        problem = NAME_PART_RULE if name else "name part must be non-empty"
    if problem:
        raise _unparsable(text, f'<nil>: Invalid value: "{key}": {problem}')


def _check_value(text: str, key: str, value: str) -> None:
    problem = ""
    if len(value) > 63:
        problem = "must be no more than 63 bytes"
    elif not _VALUE.fullmatch(value):
        problem = LABEL_VALUE_RULE
    if problem:
        raise _unparsable(text, f'values[0][{key}]: Invalid value: "{value}": {problem}')


def parse_labels(text: str) -> list[Requirement]:
    """The clauses of a label selector.

    Raises:
        Failure: 400, the selector is not one.
    """
    return _LabelParser(text).parse()


_METADATA_FIELDS = ("metadata.name", "metadata.namespace")
_FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "pods"): (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    ("", "events"): (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    ("", "namespaces"): ("status.phase",),
    ("", "nodes"): ("spec.unschedulable",),
    ("", "secrets"): ("type",),
    ("", "services"): ("spec.clusterIP", "spec.type"),
    ("", "replicationcontrollers"): ("status.replicas",),
    ("batch", "jobs"): ("status.successful",),
    ("certificates.k8s.io", "certificatesigningrequests"): ("spec.signerName",),
}


def field_matcher(kind: Kind, text: str) -> Matcher:
    """A test for objects by the few fields that the server selects by.

    Raises:
        Failure: 400, not a selector, or a field that this kind cannot be selected by.
    """
    clauses = [_field_clause(kind, text, clause) for clause in _split_fields(text)]

    def matches(obj: Obj) -> bool:
        return all((_field_value(obj, path) == value) is equal for path, equal, value in clauses)

    return matches


def _split_fields(text: str) -> list[str]:
    parts = re.split(r"(?<!\\),", text)
    return sorted(part for part in parts if part)


def _field_clause(kind: Kind, text: str, clause: str) -> tuple[str, bool, str]:
    match = re.match(r"(.*?)(!=|==|=)(.*)", clause, re.DOTALL)
    if match is None:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{clause}'")
    path, operator, value = match.groups()
    names = _METADATA_FIELDS if kind.namespaced else ("metadata.name",)
    known = (*names, *_FIELDS.get(kind.storage_key, ()), *kind.selectable_fields)
    if kind.storage_key == ("", "events") and kind.group:
        first, dot, rest = path.partition(".")
        path = _EVENT_PATHS.get(first, first) + dot + rest
    if path not in known:
        raise bad_request(_unknown_field(kind, path))
    return path, operator != "!=", re.sub(r"\\(.)", r"\1", value)


_EVENT_PATHS = {"regarding": "involvedObject", "reportingController": "reportingComponent"}
_OWN_WORDS = frozenset({*_FIELDS, ("apiextensions.k8s.io", "customresourcedefinitions")})
"""Kinds whose conversion words the refusal itself."""


def _unknown_field(kind: Kind, path: str) -> str:
    if kind.storage_key == ("batch", "jobs"):
        return f'field label "{path}" not supported for Job'
    if kind.is_custom or kind.storage_key in _OWN_WORDS:
        return f"field label not supported: {path}"
    names = ", ".join(f'"{name}"' for name in _METADATA_FIELDS)
    return f'"{path}" is not a known field selector: only {names}'


def _field_value(obj: Obj, path: str) -> str:
    if path == "source" and "involvedObject" in obj:
        value = (obj.get("source") or {}).get("component") or obj.get("reportingComponent")
        return str(value or "")
    if path == "status.podIPs":
        return ",".join(entry["ip"] for entry in obj.get("status", {}).get("podIPs", ()))
    found: object = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return str(found).lower()
    if found is None:
        return "false" if path in ("spec.hostNetwork", "spec.unschedulable") else ""
    return str(found)
