"""The objects of a scenario against the server's own rules, before anything starts."""

from __future__ import annotations

import random
import re

from demo_cluster.clock import SteppedClock
from demo_cluster.custom.kinds import DEFINITIONS, fill_definition_defaults
from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Kind, KindRegistry, Obj
from demo_cluster.scenarios.source import Entry, Place, ScenarioError, at
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage
from demo_cluster.validation.objects import validate
from demo_cluster.wire.decoding import Decoded, check_types


class ObjectRules:
    """What a server would say of each object. Every method raises ScenarioError when it refuses."""

    def __init__(self) -> None:
        self.custom: set[tuple[str, str]] = set()
        """apiVersion and kind of what the scenario's definitions define."""
        self._registry = KindRegistry()
        self._scratch = Storage(SteppedClock(), random.Random(0))
        """Prepares objects; nothing is stored."""

    def written_out(self, entry: Entry, obj: Obj) -> Obj:
        """An object that stands in the file as it is, checked, in a namespace."""
        for key in ("apiVersion", "kind", "metadata"):
            if key not in obj:
                raise ScenarioError(f"{entry.place}: an object lacks the key {key!r}; add it.")
        meta = obj["metadata"]
        if not isinstance(meta, dict) or not (meta.get("name") or meta.get("generateName")):
            raise ScenarioError(
                f"{entry.place_of('metadata')}: an object lacks a name; add metadata: {{name: x}}."
            )
        kind = self.kind(entry, obj)
        if kind is not None and kind.namespaced:
            meta["namespace"] = meta.get("namespace") or "default"
        return self.accepted(entry, obj)

    def accepted(self, entry: Entry, obj: Obj) -> Obj:
        """The object as a server would take it."""
        kind = self.kind(entry, obj)
        if kind is None:
            return obj
        checked = self.checked_types(entry, kind, obj)
        with at(entry.place):
            prepared = self._scratch.prepare(kind, checked)
            if kind.storage_key == DEFINITIONS.storage_key:
                fill_definition_defaults(prepared)
            causes = list(validate(kind, prepared, None, self._scratch))
        if causes:
            raise ScenarioError(
                *(
                    f"{_place_at(entry, cause.field)}: {kind.kind} is invalid, {cause.field}: "
                    f"{cause.message}; correct it."
                    for cause in causes
                )
            )
        return checked

    @staticmethod
    def checked_types(entry: Entry, kind: Kind, obj: Obj) -> Obj:
        """Every field that is there is one of the kind's, and of its type."""
        decoded = Decoded(json_copy(obj))
        try:
            check_types(kind, decoded)
        except Failure as failure:
            problem = failure.message.partition("json: ")[2] or failure.message
            field = _FIELD_OF_GO.search(problem)
            place = _place_at(entry, field[1]) if field else entry.place
            raise ScenarioError(f"{place}: {problem}; correct its type.") from failure
        if decoded.problems:
            raise ScenarioError(
                *(
                    f"{_place_of(entry, problem)}: {kind.kind} has {problem}; remove it."
                    for problem in decoded.problems
                )
            )
        checked: Obj = decoded.value
        return checked

    def kind(self, entry: Entry, value: Obj) -> Kind | None:
        """The kind that is named, with or without its apiVersion; None for a custom one."""
        api, kind = str(value.get("apiVersion", "")), str(value.get("kind"))
        if not api:
            found = next((each for each in self._registry.all() if each.kind == kind), None)
            if found is None and self.custom_version(kind):
                return None
        else:
            found = self._registry.by_kind(api, kind)
        if found is None and (api, kind) not in self.custom:
            place = entry.place_of("kind")
            where = f" in {api}" if api else ""
            raise ScenarioError(
                f"{place}: no kind {kind!r}{where}; correct apiVersion or kind, or add its "
                "CustomResourceDefinition to the objects."
            )
        return found

    def custom_version(self, kind: str) -> str:
        """The apiVersion of a kind that the scenario defines; "" when it defines none."""
        return next((api for api, name in sorted(self.custom) if name == kind), "")


_FIELD_OF_GO = re.compile(r"struct field \w+\.([\w.]+)")
_QUOTED = re.compile(r'"([^"]+)"')


def _place_of(entry: Entry, problem: str) -> Place:
    """Where the field is that a problem names: `unknown field "spec.replica"`."""
    field = _QUOTED.search(problem)
    return _place_at(entry, field[1]) if field else entry.place


def _place_at(entry: Entry, field: str) -> Place:
    """Where a field stands; all containers of a workload but the first are its sidecars."""
    if "sidecars" in entry:
        field = _OTHERS.sub(lambda match: f"sidecars[{int(match[1]) - 1}]", field)
    return entry.place_at(field)


_OTHERS = re.compile(r"(?<!init)containers\[([1-9]\d*)\]", re.IGNORECASE)
