"""The reference texts of the API, for `kubectl explain`.

They are the `kubernetes` library's, read from its files where it is installed and only when
somebody asks; nothing of it is imported. Without the library there are no texts.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_FIELD = re.compile(
    r'^    (?P<plain>\w+): [^=]*= Field\((?:[^"]*AliasChoices\("(?P<alias>[^"]+)")?[^\n]*?'
    r'description=(?P<text>"(?:[^"\\]|\\.)*")',
    re.MULTILINE,
)
_TYPE = re.compile(r'^class \w+\(BaseModel\):\n    """\n    (?P<text>.*)$', re.MULTILINE)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_MEANINGS: dict[tuple[str, ...], dict[str, str]] = {
    ("Never", "PreemptLowerPriority"): {
        "Never": "means that pod never preempts other pods with lower priority.",
        "PreemptLowerPriority": "means that pod can preempt other pods with lower priority.",
    }
}
"""What values mean, as a server was heard to say; no library has these texts."""


@cache
def texts_of(definition: str) -> dict[str, str]:
    """The texts of a type such as `io.k8s.api.core.v1.PodSpec`: by field, and its own under ''."""
    *_, version, name = definition.split(".")
    folder = _models()
    file = folder / f"{version}_{_WORD.sub('_', name).lower()}.py" if folder else None
    if file is None or not file.is_file():
        return {}
    source = file.read_text(encoding="utf-8")
    texts = {
        m["alias"] or m["plain"]: str(ast.literal_eval(m["text"])) for m in _FIELD.finditer(source)
    }
    about = _TYPE.search(source)
    return {**texts, "": about["text"]} if about else texts


@cache
def _models() -> Path | None:
    found = find_spec("kubernetes")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "client" / "models" if places else None


def with_values(text: str, values: list[str]) -> str:
    """The text of a field that takes one of these values, with what each of them means."""
    meanings = _MEANINGS.get(tuple(values), {})
    said = [f" - `{json.dumps(value)}` {meanings.get(value, '')}".rstrip() for value in values]
    return "\n".join(
        [f"{text}\n\nPossible enum values:" if text else "Possible enum values:", *said]
    )
