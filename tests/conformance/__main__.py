"""`python -m tests.conformance FOLDER`: play recordings against the demo cluster and report."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance.player import play_folder
from tests.conformance.result import Result


def main(arguments: list[str]) -> int:
    """Print a line for each difference, one per topic, and the count of what is alike."""
    if not arguments:
        print("usage: python -m tests.conformance FOLDER [ID-PREFIX]", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    if not folder.is_dir():
        print(f"{folder} is no folder: name the one that holds the recordings", file=sys.stderr)
        return 2
    results = play_folder(folder, arguments[1] if len(arguments) > 1 else "")
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
