"""The reference texts of the API, for `kubectl explain` and the OpenAPI documents.

They are read from the files of libraries that happen to be installed, and only when somebody
asks; nothing of them is imported, and their words are not kept here. `lightkube-models` has the
texts of the served version; the `kubernetes` library has most texts of a near one, but none of a
field that points to another type. Both lose line breaks; where those lie is in `layout.json`.
"""

from __future__ import annotations

import ast
import json
import re
import zlib
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

_FIELD = re.compile(
    r'^    (?P<plain>\w+): [^=]*= Field\((?:[^"]*AliasChoices\("(?P<alias>[^"]+)")?[^\n]*?'
    r'description=(?P<text>"(?:[^"\\]|\\.)*")',
    re.MULTILINE,
)
_TYPE = re.compile(r'^class \w+\(BaseModel\):\n    """\n    (?P<text>.*)$', re.MULTILINE)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MODEL = re.compile(
    r'^class (?P<name>\w+)\(DictMixin\):\n    r"""(?P<text>.*?)"""', re.MULTILINE | re.DOTALL
)
_PARAMETER = re.compile(
    r"^      \* \*\*(?P<name>\S+)\*\* ``[^`]*`` - (?P<text>.*?)(?=^      \* \*\*|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MEANINGS: dict[tuple[str, ...], dict[str, str]] = {
    ("Never", "PreemptLowerPriority"): {
        "Never": "means that pod never preempts other pods with lower priority.",
        "PreemptLowerPriority": "means that pod can preempt other pods with lower priority.",
    }
}
"""What values mean, as a server was heard to say; no library has these texts."""


@lru_cache(1024)
def texts_of(definition: str) -> dict[str, str]:
    """The texts of a type such as `io.k8s.api.core.v1.PodSpec`: by field, and its own under ''."""
    found = {**_of_client(definition), **_of_models(definition)}
    return {field: _laid_out(definition, field, text) for field, text in found.items()}


def with_values(text: str, values: list[str]) -> str:
    """The text of a field that takes one of these values, with what each of them means."""
    meanings = _MEANINGS.get(tuple(values), {})
    said = [f" - `{json.dumps(value)}` {meanings.get(value, '')}".rstrip() for value in values]
    before = f"{text}\n\n" if text else ""
    return "\n".join([f"{before}Possible enum values:", *said])


def _of_client(definition: str) -> dict[str, str]:
    """What the `kubernetes` library says; two types of one name are told apart by their groups."""
    *_, group, version, name = definition.split(".")
    folder = _folder("kubernetes", "client/models")
    if folder is None:
        return {}
    plain = f"{version}_{_WORD.sub('_', name).lower()}.py"
    file = next(
        (each for each in (folder / f"{group}_{plain}", folder / plain) if each.is_file()), None
    )
    if file is None:
        return {}
    source = file.read_text(encoding="utf-8")
    texts = {
        m["alias"] or m["plain"]: str(ast.literal_eval(m["text"])) for m in _FIELD.finditer(source)
    }
    about = _TYPE.search(source)
    return {**texts, "": about["text"]} if about else texts


def _of_models(definition: str) -> dict[str, str]:
    """What `lightkube-models` says."""
    *_, group, version, name = definition.split(".")
    text = _models(f"{group}_{version}").get(name, "")
    about, _, parameters = text.partition("**parameters**")
    found = {
        _field_name(each["name"]): _unwrapped(each["text"])
        for each in _PARAMETER.finditer(parameters)
    }
    return {**found, "": _unwrapped(about)} if about.strip() else found


@lru_cache(8)
def _models(module: str) -> dict[str, str]:
    folder = _folder("lightkube", "models")
    file = folder / f"{module}.py" if folder else None
    if file is None or not file.is_file():
        return {}
    source = file.read_text(encoding="utf-8")
    return {each["name"]: each["text"] for each in _MODEL.finditer(source)}


def _field_name(name: str) -> str:
    name = name.removesuffix("_")
    return name.replace("_", "-") if name.startswith("x_kubernetes") else name


def _unwrapped(text: str) -> str:
    return " ".join(text.split())


@cache
def _folder(package: str, inside: str) -> Path | None:
    """A folder of an installed package, which is looked for but not imported."""
    found = find_spec(package)
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) / inside if places else None


@cache
def _layouts() -> dict[str, dict[str, list[int | str]]]:
    text = Path(__file__).with_name("layout.json").read_text(encoding="utf-8")
    layouts: dict[str, dict[str, list[int | str]]] = json.loads(text)
    return layouts


def _laid_out(definition: str, field: str, text: str) -> str:
    """A text with its line breaks again, if its words are still those that were laid out."""
    layout = _layouts().get(definition, {}).get(field)
    if layout is None:
        return text
    words = text.split()
    if zlib.crc32(" ".join(words).encode()) != layout[0]:
        return text
    gaps = [" "] * (len(words) - 1) + [""]
    for place, gap in zip(layout[1::2], layout[2::2], strict=True):
        gaps[int(place) - 1] = str(gap)
    return "".join(word + gap for word, gap in zip(words, gaps, strict=True))
