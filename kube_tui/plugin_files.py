"""Plugins as users write them: k9s' plugin YAML, read and checked. Nothing is run here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kube_client.errors import one_line
from kube_tui.actions.question import FieldKind

_SHIFT_DIGITS = dict(
    zip(
        "1234567890",
        (
            "exclamation_mark",
            "at",
            "number_sign",
            "dollar_sign",
            "percent_sign",
            "circumflex_accent",
            "ampersand",
            "asterisk",
            "left_parenthesis",
            "right_parenthesis",
        ),
        strict=True,
    )
)
_NAMED_KEYS = {"enter": "enter", "space": "space", "esc": "escape", "del": "delete", "tab": "tab"}
_FIELDS = frozenset(
    {
        "shortCut",
        "override",
        "description",
        "confirm",
        "dangerous",
        "scopes",
        "command",
        "background",
        "overwriteOutput",
        "args",
        "inputs",
        "pipes",
    }
)
_INPUT_KINDS: dict[str, FieldKind] = {
    "string": "text",
    "number": "number",
    "bool": "bool",
    "dropdown": "choice",
}


class PluginError(ValueError):
    """A plugin that cannot be used; says what to change."""


@dataclass(frozen=True, slots=True)
class PluginInput:
    """One question that a plugin asks first."""

    name: str
    kind: FieldKind
    label: str
    required: bool = False
    default: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin: on this key, for these kinds, this program."""

    name: str
    key: str
    description: str
    scopes: tuple[str, ...]
    command: str
    args: tuple[str, ...] = ()
    background: bool = False
    confirm: bool = False
    dangerous: bool = False
    override: bool = False
    overwrite_output: bool = False
    inputs: tuple[PluginInput, ...] = ()
    file: str = ""

    def is_for(self, words: frozenset[str]) -> bool:
        """Whether one of its scopes is a name of the kind."""
        return any(scope == "all" or scope in words for scope in self.scopes)


@dataclass(frozen=True, slots=True)
class PluginShelf:
    """The plugins that are usable, and what is wrong with the others."""

    plugins: tuple[Plugin, ...] = ()
    problems: tuple[str, ...] = field(default=())
    kubeconfig: str = ""
    """What `$KUBECONFIG` means to them."""


def load_plugins(places: list[Path], kubeconfig: str = "") -> PluginShelf:
    """All plugins of these files and folders; a later one replaces one of the same name.

    A broken plugin costs only itself.
    """
    found: dict[str, Plugin] = {}
    problems: list[str] = []
    for file in (file for place in places for file in _files(place)):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            problems.append(f"{file}{_trouble(error)}")
            continue
        for name, entry in _entries(content, file.stem):
            try:
                found[name] = read_plugin(name, entry, str(file))
            except PluginError as error:
                problems.append(f"{file}: {name}: {error}")
    return PluginShelf(tuple(found.values()), tuple(problems), kubeconfig)


def _trouble(error: Exception) -> str:
    """Where a file cannot be read, and why; what follows its name."""
    mark = getattr(error, "problem_mark", None)
    where = f":{mark.line + 1}" if mark is not None else ""
    why = getattr(error, "problem", None) or getattr(error, "strerror", None) or str(error)
    return f"{where}: {one_line(str(why))}"


def plugin_places(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where plugins are: those that ship, then k9s', then ours; later ones win."""
    home = Path(environment.get("HOME") or "~").expanduser()
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    places = [shipped_folder()]
    shared = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    places += [Path(folder) / "k9s" / "plugins" for folder in shared.split(":") if folder]
    k9s = environment.get("K9S_CONFIG_DIR")
    theirs = Path(k9s) if k9s else config / "k9s"
    places += [theirs / "plugins.yaml", data / "k9s" / "plugins", theirs / "plugins"]
    ours = config / "kube-tui"
    return [*places, ours / "plugins.yaml", ours / "plugins"]


def shipped_folder() -> Path:
    """The plugins that ship: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "shipped_plugins"
    return installed if installed.is_dir() else package.parent / "plugins"


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        for folder, folders, names in os.walk(place, followlinks=True):
            folders.sort()
            yield from (Path(folder) / n for n in sorted(names) if n.endswith((".yaml", ".yml")))
    elif place.is_file():
        yield place


def _entries(content: Any, stem: str) -> Iterator[tuple[str, Any]]:
    """The three shapes of a file: `plugins: {name: ...}`, one plugin, or name to plugin."""
    if content is None:
        return
    if not isinstance(content, Mapping):
        yield stem, content
    elif isinstance(content.get("plugins"), Mapping):
        yield from ((str(name), entry) for name, entry in content["plugins"].items())
    elif "plugins" in content and content["plugins"] is None:
        return
    elif "shortCut" in content or "command" in content:
        yield stem, content
    else:
        yield from ((str(name), entry) for name, entry in content.items())


def read_plugin(name: str, entry: Any, file: str = "") -> Plugin:
    """One plugin, checked.

    Raises:
        PluginError: A part is missing, unknown, or of the wrong type.
    """
    if not isinstance(entry, Mapping):
        raise PluginError("a plugin is a mapping with shortCut, description, scopes and command")
    for needed in ("shortCut", "description", "scopes", "command"):
        if needed not in entry:
            raise PluginError(f"{needed} is missing")
    unknown = sorted(set(map(str, entry)) - _FIELDS)
    if unknown:
        raise PluginError(f"unknown key {unknown[0]}")
    if entry.get("pipes"):
        raise PluginError("pipes are not supported; put the pipe into a script")
    scopes = entry["scopes"]
    args = entry.get("args") or []
    if not isinstance(scopes, list) or not isinstance(args, list):
        raise PluginError("scopes and args must be lists")
    inputs = tuple(_read_input(each) for each in entry.get("inputs") or [])
    return Plugin(
        name=name,
        key=textual_key(str(entry["shortCut"])),
        description=str(entry["description"]),
        scopes=tuple(str(scope).lower() for scope in scopes),
        command=str(entry["command"]),
        args=tuple(str(arg) for arg in args),
        background=_truth(entry, "background"),
        confirm=_truth(entry, "confirm") if "confirm" in entry else bool(inputs),
        dangerous=_truth(entry, "dangerous"),
        override=_truth(entry, "override"),
        overwrite_output=_truth(entry, "overwriteOutput"),
        inputs=inputs,
        file=file,
    )


def _truth(entry: Mapping[str, Any], name: str) -> bool:
    value = entry.get(name, False)
    if not isinstance(value, bool):
        raise PluginError(f"{name} must be true or false")
    return value


def _read_input(entry: Any) -> PluginInput:
    if not isinstance(entry, Mapping) or "name" not in entry or "type" not in entry:
        raise PluginError("an input needs name and type")
    kind = _INPUT_KINDS.get(str(entry["type"]))
    if kind is None:
        raise PluginError(f"an input's type is one of {', '.join(_INPUT_KINDS)}")
    options = tuple(str(option) for option in entry.get("options") or [])
    if kind == "choice" and not options:
        raise PluginError(f"the dropdown {entry['name']} needs options")
    default = entry.get("default", "")
    text = str(default).lower() if isinstance(default, bool) else str(default)
    if kind == "choice" and text and text not in options:
        raise PluginError(f"the default of {entry['name']} is not among its options")
    return PluginInput(
        name=str(entry["name"]),
        kind=kind,
        label=str(entry.get("label") or entry["name"]),
        required=bool(entry.get("required", False)),
        default=text,
        options=options,
    )


def textual_key(short_cut: str) -> str:
    """k9s' name of a key (Shift-A, Ctrl-L, F5, a) as the screen gets it.

    Raises:
        PluginError: There is no such key.
    """
    text = short_cut.strip()
    if len(text) == 1 and text.isalnum():
        return text
    low = text.lower()
    if low in _NAMED_KEYS:
        return _NAMED_KEYS[low]
    if re.fullmatch(r"f\d{1,2}", low):
        return low
    modifier, _, key = low.partition("-")
    if modifier == "shift" and key in _SHIFT_DIGITS:
        return _SHIFT_DIGITS[key]
    if modifier == "shift" and len(key) == 1 and key.isalpha():
        return key.upper()
    if modifier in ("ctrl", "alt") and key and (len(key) == 1 or key == "space"):
        return f"{modifier}+{key}"
    raise PluginError(f"{short_cut!r} is no key such as a, Shift-A, Ctrl-L or F5")
