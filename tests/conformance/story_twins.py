"""Which of our objects stand for recorded ones, where names are generated. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.conformance.story import Happening, Obj, is_controlled, without_suffix


@dataclass(slots=True)
class Twins:
    """Finds an object by what it was in the story, not by the luck of its name.

    One that was there when the story began stands for one that was there, and one that was born in
    it for one that was born in it; each for one only.
    """

    recorded_births: list[str]
    """Names of the objects that were born in the recorded story, in order."""
    there_before: frozenset[str]
    """Names of our objects that were there when our story began."""
    _known: dict[str, str] = field(default_factory=dict)

    def name_of(self, recorded: str, items: Iterable[Obj]) -> str:
        """The name of our twin among the items of a collection; the recorded one without any."""
        metas = [
            item["metadata"] for item in items if not item["metadata"].get("deletionTimestamp")
        ]
        names = {str(meta["name"]) for meta in metas}
        if recorded in names or without_suffix(recorded) == recorded:
            return recorded
        if self._known.get(recorded) not in names:
            controlled = [meta for meta in metas if is_controlled({"metadata": meta})]
            controlled.sort(key=lambda meta: str(meta.get("creationTimestamp", "")))
            self._known[recorded] = self._choose(recorded, [meta["name"] for meta in controlled])
        return self._known[recorded]

    def _choose(self, recorded: str, living: list[str]) -> str:
        taken = set(self._known.values())
        was_born = recorded in self.recorded_births
        free = [name for name in living if name not in taken]
        alike = [name for name in free if (name not in self.there_before) == was_born]
        family = without_suffix(recorded)
        kin = [name for name in alike if without_suffix(name) == family]
        return next(iter([*kin, *alike, *free, *living]), recorded)


def births(happenings: Iterable[Happening]) -> list[str]:
    """Names of what was born while the story was watched, in order."""
    return [each.obj["metadata"]["name"] for each in happenings if each.type == "ADDED"]
