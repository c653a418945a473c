"""Which function plays which recorded file, and the play of a whole folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conformance import kubectl, logs, nodes, plain, sockets, stories, table_lives
from tests.conformance.order import merged
from tests.conformance.result import Exchange, Play, Result, not_played

PLAYERS: dict[str, Play] = {
    "01-": plain.play,
    "02-": plain.play,
    "02b-": plain.play,
    "03-": plain.play,
    "03b-": stories.play,
    "04-": table_lives.play,
    "05-": plain.play,
    "06-": plain.play,
    "07-": logs.play,
    "08-": sockets.play,
    "08b-": sockets.play,
    "09-": nodes.play,
    "10-": plain.play,
    "11-": plain.play,
    "12a-": stories.play,
    "12b-": stories.play,
    "12c-": stories.play,
    "13-": kubectl.play,
}
"""The beginning of a file's name, and who plays the file."""

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "api-transcripts"
"""Where the recordings are that come with the project."""

_AT_ONCE = 4
"""Files played side by side; most of the time goes into waiting for watches to end."""


def player_of(topic: str) -> Play | None:
    """Who plays this file (its name without `.json`)."""
    return next((play for prefix, play in PLAYERS.items() if topic.startswith(prefix)), None)


def play_folder(folder: Path, prefix: str = "", companions: Path | None = None) -> list[Result]:
    """Every recording of a folder; only ids that begin with `prefix` are reported.

    `companions` is a folder with other exchanges of the same sessions. What is not alike by
    itself is played once more among those of its topic, which show the state that it met.
    """
    files = [
        (topic, exchanges)
        for topic, exchanges in recordings(folder)
        if any(_id(entry).startswith(prefix) for entry in exchanges)
    ]
    is_apart = companions is not None and companions.is_dir() and not companions.samefile(folder)
    others = list(recordings(companions)) if companions is not None and is_apart else []
    everything = [entry for _, exchanges in [*files, *others] for entry in exchanges]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # The last files take longest, so they begin first.
        played = [
            pool.submit(_play_among, topic, entries, others, everything)
            for topic, entries in files[::-1]
        ]
        results = [result for future in played[::-1] for result in future.result()]
    return [result for result in results if result.id.startswith(prefix)]


def play_alone(folder: Path, prefix: str = "") -> list[Result]:
    """Each recording of a folder on a cluster of its own, without any other one."""
    return [
        result
        for topic, exchanges in recordings(folder)
        for entry in exchanges
        if _id(entry).startswith(prefix)
        for result in play_file(topic, [entry], [entry])
    ]


def _play_among(
    topic: str,
    exchanges: list[Exchange],
    others: Sequence[tuple[str, list[Exchange]]],
    everything: Sequence[Exchange],
) -> list[Result]:
    results = play_file(topic, exchanges, everything)
    own = {_id(entry) for entry in exchanges}
    player = player_of(topic)
    kin = [
        entry
        for name, entries in others
        if _number(name) == _number(topic)
        for entry in entries
        if _id(entry) not in own
    ]
    if player in (None, stories.play) or not kin or not any(each.difference for each in results):
        return results
    again = {each.id: each for each in play_file(topic, merged(exchanges, kin))}
    return [
        again[each.id] if each.difference and not again[each.id].difference else each
        for each in results
    ]


def _number(topic: str) -> str:
    return topic.partition("-")[0]


def play_file(
    topic: str, exchanges: list[Exchange], everything: Sequence[Exchange] = ()
) -> list[Result]:
    """One file, by whoever plays it; what nobody can play is said, never raised.

    `everything` is what the folder holds: a story may be spread over several files.
    """
    play = player_of(topic)
    if play is None:
        return [not_played(topic, entry, "nobody plays this file") for entry in exchanges]
    try:
        if play is stories.play:
            return stories.play(topic, exchanges, everything)
        return play(topic, exchanges)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return [
            not_played(topic, entry, f"its file has another form: {error!r}") for entry in exchanges
        ]


def recordings(folder: Path) -> Iterator[tuple[str, list[Exchange]]]:
    """The files of a folder that hold exchanges, by name."""
    for path in sorted(folder.glob("*.json")):
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            held = [{"id": path.stem}]
        if isinstance(held, list):
            yield path.stem, [entry for entry in held if isinstance(entry, dict)]


def _id(exchange: Exchange) -> str:
    return str(exchange.get("id", "?"))
