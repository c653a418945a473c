"""Plays recorded stories: the same deeds on a stepped demo cluster, with the same watches open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

from tests.conformance.answers import head_difference
from tests.conformance.raw_http import AnswerReader
from tests.conformance.result import Exchange, Result, not_played
from tests.conformance.stepped import SteppedCluster
from tests.conformance.story import (
    Obj,
    Story,
    happenings_of,
    is_of_a_story,
    stories_of,
)
from tests.conformance.story_alike import stream_difference
from tests.conformance.story_deeds import plan_of
from tests.conformance.story_lives import Seen
from tests.conformance.story_told import Deed, Plan, UntoldError
from tests.conformance.story_twins import Twins, births

_LEAD_SECONDS = 20.0
_LONGER_SECONDS = 6.0
"""The play goes on for a little after the recording's end: times differ."""


def play(topic: str, exchanges: list[Exchange], others: Sequence[Exchange] = ()) -> list[Result]:
    """Every story of a file, each on a cluster of its own.

    `others` are what else was recorded: they may hold a part of the same story.
    """
    results = {
        entry["id"]: not_played(topic, entry, "it is no watch of a story")
        for entry in exchanges
        if not is_of_a_story(entry)
    }
    for story in stories_of(filter(is_of_a_story, exchanges), filter(is_of_a_story, others)):
        for entry, difference in zip(story.entries, _differences(story), strict=True):
            results[entry["id"]] = Result(topic, entry["id"], difference)
    return [results[entry["id"]] for entry in exchanges]


def _differences(story: Story) -> list[str]:
    """The difference of each entry of the story, whatever its form."""
    try:
        return asyncio.run(_play(story))
    except UntoldError as error:
        why = str(error)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        why = f"the story has another form: {error!r}"
    return [f"not played: {why}"] * len(story.entries)


async def _play(story: Story) -> list[str]:
    plan = plan_of(story)
    async with SteppedCluster(story.start - timedelta(seconds=_LEAD_SECONDS)) as cluster:
        stage = _Stage(cluster, story)
        await stage.prepare(plan)
        watches = [await stage.watch(entry) for entry in story.entries]
        for deed in plan.deeds:
            await stage.advance_to(deed.at_seconds)
            await stage.do(deed)
        await stage.advance_to(story.end_ms / 1000 + _LONGER_SECONDS)
        refused = "; ".join(stage.refused)
        pairs = zip(story.entries, watches, strict=True)
        return [stage.difference(entry, watch) or refused for entry, watch in pairs]


class _Stage:
    """The cluster of one story, in the story's own seconds."""

    def __init__(self, cluster: SteppedCluster, story: Story) -> None:
        self._cluster = cluster
        self._story = story
        self.refused: list[str] = []
        """What the cluster said to deeds that it refused."""
        self._twins = Twins([], frozenset())

    async def prepare(self, plan: Plan) -> None:
        """The namespace, and what was there."""
        space = {"metadata": {"name": self._story.namespace}}
        await self._cluster.ask("POST", "/api/v1/namespaces", body=space)
        await self._cluster.advance(1)
        for base, obj in plan.before:
            self._expect(await self._cluster.ask("POST", base, body=obj))
        await self.advance_to(0)
        bases = dict.fromkeys(deed.base for deed in plan.deeds if deed.name)
        there = [item["metadata"]["name"] for base in bases for item in await self._items(base)]
        self._twins = Twins(births(self._story.happenings()), frozenset(there))

    async def advance_to(self, seconds: float) -> None:
        """Let time pass until this moment of the story."""
        await self._cluster.advance(seconds + _LEAD_SECONDS - self._cluster.seconds())

    async def watch(self, entry: Exchange) -> AnswerReader:
        """The recorded watch, from here and now on."""
        request = entry["request"]
        listed = (await self._cluster.ask("GET", request["path"], query={"limit": 1})).value
        version = listed["metadata"]["resourceVersion"]
        query = {**request["query"], "resourceVersion": version}
        headers = request.get("headers") or {}
        opened = await self._cluster.open("GET", request["path"], query=query, headers=headers)
        return opened.answer

    async def do(self, deed: Deed) -> None:
        """One request of the recorder."""
        path = deed.base
        if deed.name:
            path += f"/{self._twins.name_of(deed.name, await self._items(deed.base))}"
        headers = {"Content-Type": deed.content_type}
        self._expect(await self._cluster.ask(deed.method, path, body=deed.body, headers=headers))

    async def _items(self, base: str) -> list[Obj]:
        return (await self._cluster.ask("GET", base)).value.get("items") or []

    def _expect(self, answer: AnswerReader) -> None:
        if answer.status >= 400:
            self.refused.append(f"refused: {str(answer.value)[:300]}")

    def difference(self, entry: Exchange, watch: AnswerReader) -> str:
        """What the watch told, compared with the recording."""
        recorded = entry["response"]
        expected = [Seen(each.t_ms / 1000, each.type, each.obj) for each in happenings_of(entry)]
        found = [
            Seen(chunk.seconds - _LEAD_SECONDS, event["type"], event["object"])
            for chunk in watch.chunks
            for event in map(json.loads, chunk.data.splitlines())
        ]
        wrong = head_difference(recorded, watch)
        return wrong or stream_difference(expected, found, recorded["end_ms"] / 1000)
