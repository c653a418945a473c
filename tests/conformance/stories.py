"""Plays recorded stories: the same deeds on a demo cluster, with the same watches open."""

from __future__ import annotations

import functools
import http.client
import json
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from demo_cluster.clock import SteppedClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import RunningCluster, running_cluster
from demo_cluster.users import ADMIN
from tests.conformance.result import Exchange, Result, not_played
from tests.conformance.story import (
    Obj,
    Story,
    happenings_of,
    is_of_a_story,
    stories_of,
    without_suffix,
)
from tests.conformance.story_alike import stream_difference
from tests.conformance.story_deeds import Deed, plan_of
from tests.conformance.story_lives import Seen
from tests.conformance.story_setup import UntoldError
from tests.conformance.wire import Answer, Wire

_RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "api-transcripts"
_LEAD_SECONDS = 20.0
_STEP_SECONDS = 0.05
_LONGER_SECONDS = 6.0
_SOCKET_SECONDS = 20.0


def play(topic: str, exchanges: list[Exchange]) -> list[Result]:
    """Every story of a file, each on a cluster of its own, on a clock that the play steps."""
    results = {
        entry["id"]: not_played(topic, entry, "it is no watch of a story")
        for entry in exchanges
        if not is_of_a_story(entry)
    }
    for story in stories_of(filter(is_of_a_story, exchanges), _all_recorded()):
        for entry, difference in zip(story.entries, _play_story(story), strict=True):
            results[entry["id"]] = Result(topic, entry["id"], difference)
    return [results[entry["id"]] for entry in exchanges]


@functools.cache
def _all_recorded() -> tuple[Exchange, ...]:
    """Every watch of a story in the shared folder: another file may hold a part of the same one."""
    if not _RECORDINGS.is_dir():
        return ()
    files = [path for path in sorted(_RECORDINGS.glob("*.json")) if path.name != "index.json"]
    entries = [entry for path in files for entry in json.loads(path.read_text(encoding="utf-8"))]
    return tuple(entry for entry in entries if is_of_a_story(entry))


def _play_story(story: Story) -> list[str]:
    try:
        plan = plan_of(story)
    except UntoldError as error:
        return [f"not played: {error}"] * len(story.entries)
    start = _start(story)
    clock = SteppedClock(start - timedelta(seconds=_LEAD_SECONDS))
    with running_cluster(ClusterOptions(scenario="empty", clock=clock)) as running:
        stage = _Stage(running, story)
        stage.prepare(plan.before)
        watches = [_Watch(stage, entry) for entry in story.entries]
        for deed in plan.deeds:
            stage.advance_to(deed.at_seconds)
            stage.do(deed)
        stage.advance_to(story.end_ms / 1000 + _LONGER_SECONDS)
        refused = "; ".join(stage.refused)
        return [watch.difference() or refused for watch in watches]


def _start(story: Story) -> datetime:
    """The wall clock when the story's time began: cron jobs depend on it."""
    for happening in story.happenings():
        if happening.type == "ADDED":
            born = datetime.fromisoformat(happening.obj["metadata"]["creationTimestamp"])
            return born - timedelta(milliseconds=happening.t_ms - 500)
    return datetime.fromisoformat("2026-01-01T12:00:00Z")


class _Stage:
    """The cluster of one story, in the story's own seconds."""

    def __init__(self, running: RunningCluster, story: Story) -> None:
        self.running = running
        self.story = story
        self.authority: bytes = running.call(lambda: running.cluster._certificates.authority)
        self.token = running.cluster.token(ADMIN)
        self.wire = Wire(running.server, self.authority, {"admin": self.token})
        self.versions: list[tuple[float, int]] = []
        """At each step of the clock: the time, and the cluster's version then."""
        self.refused: list[str] = []
        """Deeds that the cluster refused, with its words."""
        self._now = -_LEAD_SECONDS

    def prepare(self, before: list[tuple[str, Obj]]) -> None:
        """One node, the namespace, and what was there."""
        self.wire.send("DELETE", "/api/v1/nodes/node-2")
        self.wire.send(
            "POST", "/api/v1/namespaces", body={"metadata": {"name": self.story.namespace}}
        )
        self.advance_to(1 - _LEAD_SECONDS)
        for base, obj in before:
            self._expect(self.wire.send("POST", base, body=obj))
        self.advance_to(0)

    def advance_to(self, seconds: float) -> None:
        """Let the time pass in small steps."""
        while self._now < seconds - 1e-6:
            step = min(_STEP_SECONDS, seconds - self._now)
            self.running.advance(step)
            self._now += step
            version = self.running.call(lambda: self.running.storage.resource_version)
            if not self.versions or self.versions[-1][1] != version:
                self.versions.append((self._now, version))

    def seconds_of(self, version: int) -> float:
        """When this version was written."""
        return next((at for at, last in self.versions if last >= version), self._now)

    def do(self, deed: Deed) -> None:
        """One request of the recorder."""
        path = f"{deed.base}/{self._name(deed)}" if deed.name else deed.base
        headers = {"Content-Type": deed.content_type}
        self._expect(self.wire.send(deed.method, path, body=deed.body, headers=headers))

    def _name(self, deed: Deed) -> str:
        """The object of this name, or one of the same family when names are generated."""
        listed = self.wire.send("GET", deed.base).value.get("items") or []
        living = [
            each["metadata"] for each in listed if not each["metadata"].get("deletionTimestamp")
        ]
        names = [meta["name"] for meta in living]
        if deed.name in names or without_suffix(deed.name) == deed.name:
            return deed.name
        controlled = [meta["name"] for meta in living if meta.get("ownerReferences")]
        return controlled[0] if controlled else deed.name

    def _expect(self, answer: Answer) -> None:
        if answer.status >= 400:
            self.refused.append(f"refused: {str(answer.value)[:300]}")


class _Watch:
    """One recorded watch, opened on the cluster; it is read when the story is over."""

    def __init__(self, stage: _Stage, entry: Exchange) -> None:
        self._stage = stage
        self._entry = entry
        request = entry["request"]
        self._since = int(
            stage.wire.send("GET", request["path"], query={"limit": 1}).value["metadata"][
                "resourceVersion"
            ]
        )
        query = {**request["query"], "resourceVersion": str(self._since)}
        split = urlsplit(stage.running.server)
        context = ssl.create_default_context(cadata=stage.authority.decode())
        self._connection = http.client.HTTPSConnection(
            split.hostname or "", split.port, timeout=_SOCKET_SECONDS, context=context
        )
        headers = {**(request.get("headers") or {}), "Authorization": f"Bearer {stage.token}"}
        self._connection.request("GET", f"{request['path']}?{urlencode(query)}", headers=headers)
        self._response = self._connection.getresponse()

    def difference(self) -> str:
        """What the watch told, compared with the recording."""
        expected = [
            Seen(each.t_ms / 1000, each.type, each.obj) for each in happenings_of(self._entry)
        ]
        end = self._entry["response"]["end_ms"] / 1000
        return stream_difference(expected, self._read(), end)

    def _read(self) -> list[Seen]:
        seen = []
        try:
            for _ in range(self._count()):
                event = json.loads(self._response.readline())
                version = int(event["object"]["metadata"]["resourceVersion"])
                seen.append(Seen(self._stage.seconds_of(version), event["type"], event["object"]))
        finally:
            self._connection.close()
        return seen

    def _count(self) -> int:
        """How many events the watch has been sent."""
        path = self._entry["request"]["path"].split("/")
        namespace = (
            path[path.index("namespaces") + 1]
            if path.count("namespaces") and path[-1] != "namespaces"
            else None
        )
        selector = str(self._entry["request"]["query"].get("fieldSelector", ""))
        name = selector.removeprefix("metadata.name=") if selector else None
        storage = self._stage.running.storage

        def count() -> int:
            return sum(
                event.kind.plural == path[-1]
                and (namespace is None or event.obj["metadata"].get("namespace") == namespace)
                and (name is None or event.obj["metadata"]["name"] == name)
                for event in storage.events_since(self._since)
            )

        return self._stage.running.call(count)
