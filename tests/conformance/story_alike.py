"""Whether two watches of the same story are alike: object by object, then the order between them.

Everything of an object is compared, normalised, in the order of its events. A cluster may write
what a controller counts in more or fewer steps from one run to the next; so of workloads it is
compared what each field went through, and that no two changes stand in the opposite order. Between
objects, and for the time that passes, only what the recording has clearly apart is compared.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.conformance.alike import difference
from tests.conformance.story_lives import Life, Seen, lives_of
from tests.conformance.story_tracks import tracks_difference

_APART_SECONDS = 1.5


def stream_difference(expected: Iterable[Seen], found: Iterable[Seen], end_seconds: float) -> str:
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
        return tracks_difference(wanted, found)
    for number, (one, other) in enumerate(zip(wanted.steps, found.steps, strict=False)):
        if one[0] != other[0]:
            return f"step {number} is {other[0]}, expected {one[0]} ({_changes(wanted, number)})"
        problem = difference(one[1], other[1])
        if problem:
            times = f"{wanted.times[number]:.1f} s, here {found.times[number]:.1f} s"
            return f"step {number} ({times}) {problem}"
    if len(wanted.steps) > len(found.steps):
        number = len(found.steps)
        return f"step {number} is missing: {_changes(wanted, number)}"
    if len(wanted.steps) < len(found.steps):
        number = len(wanted.steps)
        return (
            f"step {number} at {found.times[number]:.1f} s is too much: {_changes(found, number)}"
        )
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
