"""An object as YAML: to read with colours, to edit, and back from what was edited. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from kube_tui.text.document import Document, Line, Piece, Role

MASK = "••••••"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KEY = re.compile(
    r"^(\s*(?:- )*)((?:[^\s:#'\"{}\[\]&*!|>%@`-]|-(?=\S))[^:]*?|\"[^\"]*\"|'[^']*')(:)(?=\s|$)(.*)$"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WORDS = frozenset({"true", "false", "null", "{}", "[]", "''", '""'})


class ManifestError(ValueError):
    """The text is no object; says where and why."""


class _Dumper(yaml.CSafeDumper if hasattr(yaml, "CSafeDumper") else yaml.SafeDumper):  # type: ignore[misc]  # either has the same methods
    """Text of several lines as a block, no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Repeat values in full."""
        return True


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value and value.isprintable() is False and _is_plain(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _is_plain(value: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in value) and not re.search(r"[ \t]\n", value)


_Dumper.add_representer(str, _text)


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]  # either has the same methods
    """YAML as the API server reads it: times and 1:30 are text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", ":int"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"[-+]?(?:0|[1-9][0-9]*|0[0-7]+|0x[0-9a-fA-F]+)$"),
    list("-+0123456789"),
)


def to_yaml(value: Mapping[str, Any]) -> str:
    """The object as block YAML in the order that it came in."""
    text: str = yaml.dump(
        dict(value),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=10_000,
    )
    return text


def shown(obj: Mapping[str, Any], *, reveal: bool = False) -> dict[str, Any]:
    """The object without managedFields and, unless asked for, with a secret's values masked."""
    metadata = dict(obj.get("metadata") or {})
    metadata.pop("managedFields", None)
    result = {**obj, "metadata": metadata}
    if obj.get("kind") == "Secret" and not reveal:
        for part in ("data", "stringData"):
            if obj.get(part):
                result[part] = dict.fromkeys(obj[part], MASK)
        annotations = dict(metadata.get("annotations") or {})
        if _LAST_APPLIED in annotations:
            metadata["annotations"] = {**annotations, _LAST_APPLIED: MASK}
    return result


def yaml_document(obj: Mapping[str, Any], *, reveal: bool = False) -> Document:
    """The object as YAML to read."""
    return Document(list(_highlighted(to_yaml(shown(obj, reveal=reveal)))))


def _highlighted(text: str) -> Iterator[Line]:
    block_indent: int | None = None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if block_indent is not None and (indent > block_indent or not line.strip()):
            yield (Piece(line, Role.VALUE),)
            continue
        block_indent = None
        match = _KEY.match(line)
        if match is None:
            yield _item(line)
            continue
        lead, key, colon, value = match.groups()
        if value.strip() in ("|", "|-", "|+", ">", ">-", ">+"):
            block_indent = indent
        yield (
            Piece(lead, Role.QUIET),
            Piece(key, Role.NAME),
            Piece(colon, Role.QUIET),
            Piece(value, _role(value.strip())),
        )


def _item(line: str) -> Line:
    lead, dash, value = line.partition("- ")
    if dash and not lead.strip():
        return (Piece(lead + dash, Role.QUIET), Piece(value, _role(value)))
    return (Piece(line, Role.VALUE),)


def _role(value: str) -> Role:
    if value in _WORDS:
        return Role.WORD
    return Role.NUMBER if _NUMBER.fullmatch(value) else Role.VALUE


def from_yaml(text: str) -> dict[str, Any]:
    """The one object that the text describes.

    Raises:
        ManifestError: It is no YAML, or not one object.
    """
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader of our own
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise ManifestError(f"{where}{getattr(error, 'problem', None) or error}") from error
    except RecursionError as error:
        raise ManifestError("it is nested too deeply") from error
    if not isinstance(value, dict):
        raise ManifestError("it must be one object with apiVersion, kind and metadata")
    return value


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that makes `after` of `before`."""
    patch: dict[str, Any] = {}
    for name in before:
        if name not in after:
            patch[name] = None
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            inner = merge_patch(old, value)
            if inner:
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    return patch
