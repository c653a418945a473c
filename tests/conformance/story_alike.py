"""Whether two watches of the same story are alike: object by object, then the order between them.

Everything of an object is compared, normalised, in the order of its events. A cluster may write what a
controller counts in more or fewer steps from one run to the next; so of workloads it is compared what
each field went through, and that no two changes stand in the opposite order. Between objects, and for
the time that passes, only what the recording has clearly apart is compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.alike import difference, normal
from tests.conformance.story import Obj

_APART_SECONDS = 1.5
_COUNTED = frozenset(
    {
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "EndpointSlice",
        "HorizontalPodAutoscaler",
    }
)
"""Kinds whose status controllers write in as many steps as time allows."""
_MARKS = ("pod-template-hash", "controller-revision-hash")
_QUIRK = {"memory": "9007199254740988Ki"}
"""A limit that only the recorded node reports."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a watch, and when it came, in seconds of the story."""

    at_seconds: float
    type: str
    obj: Obj


@dataclass(slots=True)
class Life:
    """What a watch told of one object: normalised, and without repetitions."""

    family: str
    """Kind and name without what is random: such objects may stand for each other."""
    is_counted: bool
    steps: list[tuple[str, Obj]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, at_seconds: float, type_: str, obj: Obj) -> None:
        """The next step, unless nothing that counts has changed."""
        if type_ == "MODIFIED" and self.steps and self.steps[-1][1] == obj:
            return
        self.steps.append((type_, obj))
        self.times.append(at_seconds)

    def until(self, count: int) -> Life:
        """The first steps only."""
        return Life(self.family, self.is_counted, self.steps[:count], self.times[:count])


def stream_difference(
    expected: Iterable[Seen], found: Iterable[Seen], end_seconds: float
) -> str:
    """Where the two watches first differ, in one line; "" when they are alike.

    What was found near `end_seconds` or later may be missing in the recording, which was cut there.
    """
    soft_end = end_seconds * 0.9 - 2
    pairs, problem = _paired(lives_of(expected), lives_of(found), soft_end)
    for one, other in pairs:
        difference_here = life_difference(one, other, soft_end)
        if difference_here:
            return f"{one.family}: {difference_here}"
    return problem or _order_difference(pairs)


def lives_of(events: Iterable[Seen]) -> list[Life]:
    """The events by object (Events by what they are about), in order of appearance."""
    listed = list(events)
    names = _names_of_hashes([each.obj for each in listed])
    lives: dict[str, Life] = {}
    for event in listed:
        plain = _plain(event.obj, names)
        if event.obj["kind"] == "Event":
            if event.type == "ADDED":
                about, shown = event.obj["involvedObject"], plain["involvedObject"]
                family = f"Event of {shown['kind']} {shown['name']}"
                life = lives.setdefault(about["uid"], Life(family, is_counted=False))
                life.add(event.at_seconds, event.type, plain)
            continue
        kind = event.obj["kind"]
        family = f"{kind} {plain['metadata']['name']}"
        life = lives.setdefault(
            event.obj["metadata"]["uid"], Life(family, is_counted=kind in _COUNTED)
        )
        life.add(event.at_seconds, event.type, plain)
    return list(lives.values())


def _names_of_hashes(objects: list[Obj]) -> dict[str, str]:
    """Hashes of templates, numbered by the age of what bears them, or by their first mention."""
    born: dict[str, str] = {}
    for obj in objects:
        since = obj["metadata"]["creationTimestamp"]
        for name in _hashes_in(obj):
            born[name] = min(born.get(name, since), since)
    ordered = sorted(born, key=lambda name: born[name])
    return {name: f"hash{number}" for number, name in enumerate(ordered, 1)}


def _hashes_in(obj: Obj) -> list[str]:
    if obj["kind"] == "Event":
        about = obj["involvedObject"]
        if about["kind"] == "ReplicaSet":
            return [about["name"].rpartition("-")[2]]
        return re.findall(r"replica set \S+-(\w+)", obj.get("message", ""))
    labels = obj["metadata"].get("labels") or {}
    return [str(labels[mark]).rpartition("-")[2] for mark in _MARKS if labels.get(mark)]


def _plain(obj: Obj, names: dict[str, str]) -> Obj:
    text = json.dumps(obj)
    for name, plain in names.items():
        text = re.sub(rf"\b{re.escape(name)}\b", plain, text)
    made = normal(json.loads(text))
    resources = (made.get("status") or {}).get("resources")
    if isinstance(resources, dict) and resources.get("limits") == _QUIRK:
        del resources["limits"]
    return dict(made)


# -- pairs ---------------------------------------------------------------------------------


def _paired(
    wanted: list[Life], found: list[Life], soft_end: float
) -> tuple[list[tuple[Life, Life]], str]:
    pairs: list[tuple[Life, Life]] = []
    problems: list[str] = []
    families = dict.fromkeys(life.family for life in [*wanted, *found])
    for family in families:
        ours = [life for life in found if life.family == family]
        theirs = [life for life in wanted if life.family == family]
        for life in list(theirs):
            twin = next((o for o in ours if not life_difference(life, o, soft_end)), None)
            if twin:
                pairs.append((life, twin))
                ours.remove(twin)
                theirs.remove(life)
        pairs += zip(theirs, ours, strict=False)
        if len(theirs) > len(ours):
            problems.append(f"{family}: {len(theirs) - len(ours)} of it missing")
        extra = [life for life in ours[len(theirs) :] if life.times[0] < soft_end]
        if extra:
            problems.append(f"{family}: {len(extra)} of it too many")
    return pairs, next(iter(problems), "")


def life_difference(wanted: Life, found: Life, soft_end: float) -> str:
    """Where the two lives differ; what was found after `soft_end` may be left out."""
    first = ""
    for count in range(len(found.steps), 0, -1):
        problem = _difference_of_lives(wanted, found.until(count))
        if not problem:
            return ""
        first = first or problem
        if found.times[count - 1] < soft_end:
            break
    return first


def _difference_of_lives(wanted: Life, found: Life) -> str:
    if wanted.is_counted:
        return _tracks_difference(wanted, found)
    for number, (one, other) in enumerate(zip(wanted.steps, found.steps, strict=False)):
        if one[0] != other[0]:
            return f"step {number} is {other[0]}, expected {one[0]} ({_changes(wanted, number)})"
        problem = difference(one[1], other[1])
        if problem:
            return f"step {number} ({wanted.times[number]:.1f} s, here {found.times[number]:.1f} s) {problem}"
    if len(wanted.steps) > len(found.steps):
        number = len(found.steps)
        return f"step {number} is missing: {_changes(wanted, number)}"
    if len(wanted.steps) < len(found.steps):
        number = len(wanted.steps)
        return f"step {number} at {found.times[number]:.1f} s is too much: {_changes(found, number)}"
    return _gap_difference(wanted.times, found.times)


def _changes(life: Life, number: int) -> str:
    before = life.steps[number - 1][1] if number else {}
    return f"{life.steps[number][0]} {difference(before, life.steps[number][1])}"


def _gap_difference(wanted: list[float], found: list[float]) -> str:
    for number in range(1, len(wanted)):
        gap, other = wanted[number] - wanted[number - 1], found[number] - found[number - 1]
        if abs(gap - other) > max(2.5, 0.6 * gap):
            return f"step {number} comes after {other:.1f} s, expected {gap:.1f} s"
    return ""


# -- counted lives -------------------------------------------------------------------------

Track = list[tuple[int, Any]]
"""What one field went through: the number of the step, and the value from then on."""


def _tracks_difference(wanted: Life, found: Life) -> str:
    if wanted.steps[0][0] != found.steps[0][0]:
        return f"it begins with {found.steps[0][0]}, expected {wanted.steps[0][0]}"
    if wanted.steps[-1][0] != found.steps[-1][0]:
        return f"it ends with {found.steps[-1][0]}, expected {wanted.steps[-1][0]}"
    problem = difference(wanted.steps[-1][1], found.steps[-1][1])
    if problem:
        return f"at the end {problem}"
    theirs, ours = _tracks(wanted), _tracks(found)
    for path in sorted(theirs.keys() | ours.keys()):
        one = [value for _, value in theirs.get(path, [])]
        other = [value for _, value in ours.get(path, [])]
        if one != other:
            return f"{path} went through {_row(other)}, expected {_row(one)}"
    return _inversion(theirs, ours)


def _row(values: list[Any]) -> str:
    return ", ".join("nothing" if value is None else str(value) for value in values) or "nothing"


def _tracks(life: Life) -> dict[str, Track]:
    tracks: dict[str, Track] = {}
    for number, (_, obj) in enumerate(life.steps):
        flat = dict(_flat(obj, ""))
        for path in tracks.keys() - flat.keys():
            if tracks[path][-1][1] is not None:
                tracks[path].append((number, None))
        for path, value in flat.items():
            track = tracks.setdefault(path, [] if number == 0 else [(0, None)])
            if not track or track[-1][1] != value:
                track.append((number, value))
    return {path: _thinned(track) for path, track in tracks.items()}


def _flat(value: Any, path: str) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            name = inner.get("type", number) if isinstance(inner, dict) else number
            yield from _flat(inner, f"{path}[{name}]")
    else:
        yield path, value


def _thinned(track: Track) -> Track:
    """Counts on their way up or down keep only where they turned."""

    def number(value: Any) -> int | None:
        if value is None:
            return 0
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    kept = list(track)
    if not any(isinstance(value, int) for _, value in track):
        return kept
    index = 1
    while index < len(kept) - 1:
        before, here, after = (number(kept[index + step][1]) for step in (-1, 0, 1))
        is_between = (
            before is not None
            and here is not None
            and after is not None
            and (before < here < after or before > here > after)
        )
        if is_between:
            del kept[index]
        else:
            index += 1
    return kept


def _inversion(theirs: dict[str, Track], ours: dict[str, Track]) -> str:
    """Two changes that stand in the opposite order."""
    changes = [
        (one, other, f"{path} = {value}")
        for path, track in theirs.items()
        for (one, value), (other, _) in zip(track, ours[path], strict=True)
    ]
    changes.sort(key=lambda change: change[0])
    latest, name = -1, ""
    group: list[tuple[int, int, str]] = []
    for change in changes:
        if group and change[0] != group[0][0]:
            top = max(group, key=lambda each: each[1])
            if top[1] > latest:
                latest, name = top[1], top[2]
            group = []
        if change[1] < latest:
            return f"{change[2]} comes before {name}, expected after"
        group.append(change)
    return ""


# -- between objects -----------------------------------------------------------------------


def _order_difference(pairs: list[tuple[Life, Life]]) -> str:
    moments = []
    for wanted, found in pairs:
        indices = range(len(wanted.steps))
        if wanted.is_counted:
            indices = (0,)  # type: ignore[assignment]  # the first step is the one both have
        moments += [
            (wanted.times[index], found.times[index], f"step {index} of {wanted.family}")
            for index in indices
        ]
    moments.sort()
    for index, (at, here, name) in enumerate(moments):
        for later, there, other in moments[index + 1 :]:
            if later - at >= _APART_SECONDS and there < here:
                return f"{other} comes before {name}, expected {later - at:.1f} s after it"
    return ""
