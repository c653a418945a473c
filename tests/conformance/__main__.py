"""`python -m tests.conformance FOLDER`: play recordings against the demo cluster and report."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance.player import play_folder


def main(arguments: list[str]) -> int:
    """Print a line for each difference, one per topic, and the count of what is alike."""
    if not arguments:
        print("usage: python -m tests.conformance FOLDER [ID-PREFIX]", file=sys.stderr)
        return 2
    prefix = arguments[1] if len(arguments) > 1 else ""
    results = play_folder(Path(arguments[0]), prefix)
    for result in results:
        if result.difference:
            print(f"{result.id}: {result.difference}")
    topics = dict.fromkeys(result.topic for result in results)
    for topic in topics:
        own = [result for result in results if result.topic == topic]
        alike = sum(not result.difference for result in own)
        print(f"{topic}: {alike} of {len(own)} alike")
    alike = sum(not result.difference for result in results)
    print(f"{alike} of {len(results)} alike")
    return 0 if alike == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
