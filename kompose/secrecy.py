"""What must not be printed: values that are secrets, or look like some."""

import re
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kompose.file_content import read_file
from kompose.project import FileSource, Project
from kompose.suspicion import HIDDEN, looks_like_a_secret

_SHORTEST = 4
"""Shorter values stand in too many words to be hidden there."""
_SHORTEST_LINE = 8
_PUBLIC = frozenset(("name", "image", "namespace"))


def secret_values(obj: Mapping[str, Any]) -> set[str]:
    """The values in a Kubernetes object that must not be printed, also as they are encoded."""
    found: set[str] = set()
    if obj.get("kind") == "Secret":
        for value in (obj.get("data") or {}).values():
            found |= {str(value), _decoded(str(value))}
        found |= {str(value) for value in (obj.get("stringData") or {}).values()}
    else:
        found |= {value for name, value in _named_values(obj) if looks_like_a_secret(name, value)}
    return found - {""}


class Secrecy:
    """Texts without the secrets of some objects.

    A password that is also a name or part of an image's name is nothing that could be hidden.
    """

    def __init__(self, objects: Collection[Mapping[str, Any]]) -> None:
        texts: set[str] = set()
        for value in (value for obj in objects for value in secret_values(obj)):
            stripped = value.strip()
            texts |= {stripped} if len(stripped) >= _SHORTEST else set()
            if "\n" in stripped:
                lines = (line.strip() for line in stripped.splitlines())
                texts |= {line for line in lines if len(line) >= _SHORTEST_LINE}
        public = "\n".join(
            value for obj in objects for key, value in _named_values(obj) if key in _PUBLIC
        )
        texts = {text for text in texts if text not in public}
        longest_first = sorted(texts, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if texts else None

    def hide(self, text: str) -> str:
        """The text with each secret in it as `***`."""
        return self._secrets.sub(HIDDEN, text) if self._secrets else text


def project_secrecy(project: Project) -> Secrecy:
    """Texts without the secrets of a compose project: those it names, and what looks like one."""
    objects: list[dict[str, Any]] = [
        {"name": name, "image": service.image, "environment": service.environment}
        for name, service in project.services.items()
    ]
    contents = {name: _content(source) for name, source in project.secrets.items()}
    return Secrecy([*objects, {"kind": "Secret", "stringData": contents}])


def _content(source: FileSource) -> str:
    """What a secret says; empty when its file cannot be read, which others complain of."""
    path = Path(source.file)
    with suppress(OSError):
        if source.file and path.is_file():
            return read_file(path).decode("utf-8", "replace")
    return source.content


def _named_values(value: Any) -> Iterator[tuple[str, str]]:
    """Every text of a tree by its key, and variables of containers by their names."""
    if isinstance(value, Mapping):
        if isinstance(value.get("name"), str) and isinstance(value.get("value"), str):
            yield value["name"], value["value"]
        for key, inner in value.items():
            if isinstance(inner, str):
                yield str(key), inner
            else:
                yield from _named_values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_values(inner)


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except ValueError:
        return ""
