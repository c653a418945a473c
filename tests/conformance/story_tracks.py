"""Lives that controllers count, compared by what each field of the object went through. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.conformance.alike import difference
from tests.conformance.story_lives import Life

_MOMENT_SECONDS, _JOB_MOMENT_SECONDS = 0.1, 2.3
"""A count that was back so soon may be passed over; jobs are looked at once in a second, so a
run of a second may be seen twice, or not at all."""

Track = list[tuple[int, Any]]
"""What one field went through: the number of the step, and the value from then on."""


def tracks_difference(wanted: Life, found: Life) -> str:
    """Where the two first differ, however many updates their changes came in."""
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
    if life.steps[0][0] != "ADDED":  # what was before is not known: its first value may be new
        tracks = {path: _from_first_value(track) for path, track in tracks.items()}
    is_job = life.family.startswith("Job ")
    moment = _JOB_MOMENT_SECONDS if is_job else _MOMENT_SECONDS
    return {path: _thinned(track, life.times, moment) for path, track in tracks.items()}


def _from_first_value(track: Track) -> Track:
    kept = track[1:] if track[1:] and track[0][1] is None else track
    return [(0, kept[0][1]), *kept[1:]]


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


def _thinned(track: Track, times: list[float], moment: float) -> Track:
    """Counts on their way up or down keep only where they turned, and did not come back at once."""

    def number(value: Any) -> int | None:
        if value is None:
            return 0
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    if not any(isinstance(value, int) for _, value in track):
        return list(track)
    kept: Track = []
    for step, value in track:
        is_back = bool(kept[1:]) and kept[-2][1] == value
        if is_back and times[step] - times[kept[-1][0]] < moment:
            kept.pop()
        if not kept or kept[-1][1] != value:
            kept.append((step, value))
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
