"""Which function plays which recorded file, and the play of a whole folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conformance import kubectl, logs, nodes, plain, sockets, stories, table_lives
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

_AT_ONCE = 4
"""Files played side by side; most of the time goes into waiting for watches to end."""


def player_of(topic: str) -> Play | None:
    """Who plays this file (its name without `.json`)."""
    return next((play for prefix, play in PLAYERS.items() if topic.startswith(prefix)), None)


def play_folder(folder: Path, prefix: str = "") -> list[Result]:
    """Every recording of a folder; only ids that begin with `prefix` are reported."""
    files = [
        (topic, exchanges)
        for topic, exchanges in recordings(folder)
        if any(_id(entry).startswith(prefix) for entry in exchanges)
    ]
    everything = [entry for _, exchanges in files for entry in exchanges]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # The last files take longest, so they begin first.
        played = [
            pool.submit(play_file, topic, entries, everything) for topic, entries in files[::-1]
        ]
        results = [result for future in played[::-1] for result in future.result()]
    return [result for result in results if result.id.startswith(prefix)]


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
