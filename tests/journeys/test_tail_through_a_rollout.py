"""One stern, many generations of pods."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.journeys.place import Place, program


@contextmanager
def following(place: Place, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A stern that runs while the story goes on."""
    command = program("stern", "--kubeconfig", str(place.kubeconfig), "-n", place.namespace)
    with subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as tail:
        try:
            yield tail
        finally:
            tail.terminate()


def read_until(tail: "subprocess.Popen[str]", pattern: str) -> list[str]:
    """The lines up to the first that matches; the test's own time limit is the patience."""
    assert tail.stdout is not None
    lines = []
    for line in tail.stdout:
        lines.append(line.rstrip("\n"))
        if re.search(pattern, line):
            return lines
    raise AssertionError(f"stern ended before {pattern!r}: {lines}")


def test_stern_follows_the_old_pods_out_and_the_new_pods_in(place: Place) -> None:
    place.deploy("checkout", who="first")

    with following(place, "checkout") as tail:
        old = read_until(tail, r"^checkout-\S+ talker line \d+ of first")
        place.wait_until_ready("checkout")
        place.deploy("checkout", who="second")
        new = read_until(tail, r"^checkout-\S+ talker line \d+ of second")
        gone = read_until(tail, r"^- checkout-\S+ › talker")

    assert any(re.match(r"\+ checkout-\S+ › talker", line) for line in old)
    assert any(re.match(r"\+ checkout-\S+ › talker", line) for line in new)
    said_first = [line for line in (*old, *new, *gone) if line.endswith(" of first")]
    assert any(line.startswith(gone[-1].split()[1]) for line in said_first)


def test_every_line_of_a_container_comes_once_and_in_order(place: Place) -> None:
    place.deploy("checkout", replicas=1)

    with following(place, "deployment/checkout", "--only-log-lines") as tail:
        lines = read_until(tail, r"line 5 of first")

    said = [line for line in lines if line.startswith("checkout-")]
    numbers = [int(line.split(" line ")[1].split()[0]) for line in said]
    assert numbers == list(range(6))
