"""`python -m tests.conformance FOLDER`: play recordings against the demo cluster and report."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.conformance.player import RECORDINGS, play_alone, play_folder
from tests.conformance.result import Result


def main(arguments: list[str]) -> int:
    """Print a line for each difference, one per topic, and the count of what is alike."""
    parser = argparse.ArgumentParser(
        "python -m tests.conformance",
        description="Play recordings of a real API server against the demo cluster.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="holds the recordings")
    parser.add_argument("prefix", nargs="?", default="", metavar="ID-PREFIX", help="play these")
    parser.add_argument(
        "--alone",
        action="store_true",
        help="play each exchange without any other, as if nothing else had been recorded",
    )
    wanted = parser.parse_args(arguments)
    if not wanted.folder.is_dir():
        print(
            f"{wanted.folder} is no folder: name the one that holds the recordings",
            file=sys.stderr,
        )
        return 2
    if wanted.alone:
        results = play_alone(wanted.folder, wanted.prefix)
    else:
        results = play_folder(wanted.folder, wanted.prefix, RECORDINGS)
    for line in report(results):
        print(line)
    return 0 if all(not result.difference for result in results) else 1


def report(results: list[Result]) -> list[str]:
    """A line for each difference or remark, one for each topic, and the whole count."""
    lines = [
        f"{result.id}: {'; '.join(filter(None, (result.difference or 'alike', result.remark)))}"
        for result in results
        if result.difference or result.remark
    ]
    for topic in dict.fromkeys(result.topic for result in results):
        own = [result for result in results if result.topic == topic]
        lines.append(f"{topic}: {_count(own)}")
    return [*lines, _count(results)]


def _count(results: list[Result]) -> str:
    return f"{sum(not result.difference for result in results)} of {len(results)} alike"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
