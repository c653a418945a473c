"""Plays the Tables that were asked for again and again while one pod lived.

The recorder asked ten times a second and kept each new look of the row, with the time since the
pod's creation. The same pod lives here on a stepped clock, and is asked for as often; a recorded
Table is alike when the pod had this look at about that time.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tests.conformance import plain
from tests.conformance.alike import difference, normal
from tests.conformance.answers import head_difference
from tests.conformance.raw_http import AnswerReader
from tests.conformance.result import Exchange, Result
from tests.conformance.stepped import SteppedCluster

_AFTER = re.compile(r"about (\d+(?:\.\d+)?) s after the creation")
_EVERY_SECONDS, _ABOUT_SECONDS = 0.1, 2.5
_DELETED_SECONDS = 9.0
"""The recording ends with a deletion; its moment is only known to within two seconds."""


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """The file's looks at a living pod on a cluster of their own; the rest as plain requests."""
    looks = [entry for entry in exchanges if _seconds(entry) is not None]
    rest = [entry for entry in exchanges if _seconds(entry) is None]
    results = {result.id: result for result in plain.play(topic, rest)}
    if looks:
        for entry, problem in zip(looks, asyncio.run(_differences(looks)), strict=True):
            results[entry["id"]] = Result(topic, entry["id"], problem)
    return [results[entry["id"]] for entry in exchanges]


def _seconds(entry: Exchange) -> float | None:
    match = _AFTER.search(entry.get("notes") or "")
    return float(match[1]) if match else None


async def _differences(looks: list[Exchange]) -> list[str]:
    request = looks[0]["request"]
    longest = max(_seconds(entry) or 0.0 for entry in looks) + _ABOUT_SECONDS
    base = request["path"]
    namespace = base.split("/")[4]
    samples: list[tuple[float, AnswerReader]] = []
    async with SteppedCluster() as cluster:
        await cluster.ask("POST", "/api/v1/namespaces", body={"metadata": {"name": namespace}})
        await cluster.advance(1)
        await cluster.ask("POST", base, body=_pod(looks[0]["setup"][0]))
        begin, is_deleted = cluster.seconds(), False
        while (now := cluster.seconds() - begin) < longest:
            if now >= _DELETED_SECONDS and not is_deleted:
                await cluster.ask("DELETE", f"{base}/life")
                is_deleted = True
            parts = {"query": request["query"], "headers": request["headers"]}
            samples.append((now, await cluster.ask("GET", base, **parts)))
            await cluster.advance(_EVERY_SECONDS)
    return [_difference(entry, samples) for entry in looks]


def _pod(setup: str) -> dict[str, Any]:
    """`pod life: init container 1 s, then 2 s, exit 1, Always` as an object."""
    match = re.search(r"pod (\w+): init container (\d+) s, then (\d+) s, exit (\d+), (\w+)", setup)
    assert match is not None, f"nobody understands {setup!r}"
    name, first, then, code, policy = match.groups()
    shared = {"image": "busybox", "imagePullPolicy": "Never"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": policy,
            "terminationGracePeriodSeconds": 1,
            "initContainers": [
                {"name": "init", "command": ["sh", "-c", f"sleep {first}"], **shared}
            ],
            "containers": [
                {"name": "main", "command": ["sh", "-c", f"sleep {then}; exit {code}"], **shared}
            ],
        },
    }


def _difference(entry: Exchange, samples: list[tuple[float, AnswerReader]]) -> str:
    moment, recorded = _seconds(entry) or 0.0, entry["response"]
    wanted = normal(recorded["body"])
    near = sorted(samples, key=lambda sample: abs(sample[0] - moment))
    problems = [
        head_difference(recorded, answer) or difference(wanted, normal(answer.value), "body")
        for at, answer in near
        if abs(at - moment) <= _ABOUT_SECONDS
    ]
    return "" if "" in problems else problems[0]
