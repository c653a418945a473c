"""The pods that recordings of logs and sessions talk to, made when an exchange asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.conformance import recorded_pods
from tests.conformance.result import Exchange
from tests.conformance.stepped import SteppedCluster

_POD_PATH = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods/(?P<name>[^/:]+)")
_ABOUT_POD = re.compile(r"^pods? (?P<name>[\w-]+)[:,]?\s*(?P<rest>.*)$")
_NOT_THERE = frozenset({"nope", "gone"})
_START_SECONDS = 15.0
_WAIT_SECONDS = 60.0


class PodsAtHand:
    """Makes each pod once, as its sentences say, and brings it into the state they speak of."""

    def __init__(self, cluster: SteppedCluster, exchanges: Iterable[Exchange]) -> None:
        self._cluster = cluster
        self._namespaces: set[str] = set()
        self._made: dict[tuple[str, str], float] = {}
        self._told: dict[tuple[str, str], str] = {}
        for exchange in exchanges:
            for namespace, name, sentence in _sentences(exchange):
                known = self._told.get((namespace, name), "")
                self._told[namespace, name] = max(known, sentence, key=len)

    async def ready(self, exchange: Exchange, *, fresh: bool = False) -> tuple[str, str] | None:
        """The pod that the exchange is about, in the state it speaks of; None for no pod.

        `fresh`: made anew, and not older than its first run.
        """
        place = place_of(exchange)
        if place is None:
            return None
        namespace, name = place
        await self._namespace(namespace)
        text = " ".join([*exchange.get("setup", []), exchange.get("title", "")])
        if name in _NOT_THERE or (_status(exchange) == 404 and place not in self._told):
            return None
        if fresh and place in self._made:
            await self._remove(place)
        is_new = place not in self._made
        if is_new:
            await self._make(place)
        if later := re.search(r"about ([\d.]+) s after the creation", exchange.get("notes") or ""):
            await self._advance_to(self._made[place] + float(later[1]))
            await self._until_scheduled(place)
        elif "created just before" in text:
            await self._until_scheduled(place)
        elif is_new and not fresh:
            await self._cluster.advance(_START_SECONDS)
        await self._until_said(place, text)
        return place

    async def status(self, place: tuple[str, str]) -> dict[str, Any]:
        """The pod's status now; {} when it is gone."""
        answer = await self._cluster.ask("GET", _path(place))
        found: dict[str, Any] = answer.value.get("status", {}) if answer.status == 200 else {}
        return found

    async def wait_for(
        self, place: tuple[str, str], is_so: Callable[[dict[str, Any]], bool]
    ) -> bool:
        """Let time pass until the pod's status is as wanted."""
        waited = 0.0
        while not is_so(await self.status(place)):
            if waited > _WAIT_SECONDS:
                return False
            await self._cluster.advance(0.05)
            waited += 0.05
        return True

    async def _until_scheduled(self, place: tuple[str, str]) -> None:
        def is_scheduled(status: dict[str, Any]) -> bool:
            each = status.get("conditions", ())
            return any(c["type"] == "PodScheduled" and c["status"] == "True" for c in each)

        await self.wait_for(place, is_scheduled)

    async def _namespace(self, name: str) -> None:
        if name in self._namespaces:
            return
        self._namespaces.add(name)
        await self._cluster.ask("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
        await self._cluster.advance(0.5)

    async def _make(self, place: tuple[str, str]) -> None:
        namespace, name = place
        body = recorded_pods.pod(name, self._told.get(place, ""))
        await self._cluster.ask("POST", f"/api/v1/namespaces/{namespace}/pods", body=body)
        self._made[place] = self._cluster.seconds()

    async def _remove(self, place: tuple[str, str]) -> None:
        await self._cluster.ask("DELETE", _path(place), query={"gracePeriodSeconds": 0})
        del self._made[place]
        await self._cluster.advance(5)

    async def _advance_to(self, moment: float) -> None:
        await self._cluster.advance(max(moment - self._cluster.seconds(), 0))

    async def _until_said(self, place: tuple[str, str], text: str) -> None:
        """Wait for the states that sentences name."""
        for words, is_so in _STATES.items():
            if words in text:
                await self.wait_for(place, is_so)
        if found := re.search(r"ended ephemeral container (\w+)", text):
            await self._with_ephemeral(place, found[1])

    async def _with_ephemeral(self, place: tuple[str, str], name: str) -> None:
        def is_ended(status: dict[str, Any]) -> bool:
            each = status.get("ephemeralContainerStatuses", ())
            return any(e["name"] == name and "terminated" in e["state"] for e in each)

        if not is_ended(await self.status(place)):
            script = ["sh", "-c", "echo from ephemeral"]
            added = {"name": name, "image": "busybox", "imagePullPolicy": "Never"}
            body = {"spec": {"ephemeralContainers": [{**added, "command": script}]}}
            headers = {"Content-Type": "application/strategic-merge-patch+json"}
            path = f"{_path(place)}/ephemeralcontainers"
            await self._cluster.ask("PATCH", path, body=body, headers=headers)
            await self.wait_for(place, is_ended)


def place_of(exchange: Exchange) -> tuple[str, str] | None:
    """Namespace and name of the pod that an exchange asks for."""
    found = _POD_PATH.match(request_of(exchange)["path"])
    return (found["namespace"], found["name"]) if found else None


def has_begun(status: dict[str, Any]) -> bool:
    """Whether a container runs, or has run."""
    return any("waiting" not in each["state"] for each in status.get("containerStatuses", ()))


def request_of(exchange: Exchange) -> dict[str, Any]:
    """The recorded request, of a plain exchange or of a handshake."""
    found: dict[str, Any] = exchange.get("handshake", exchange)["request"]
    return found


def _sentences(exchange: Exchange) -> Iterable[tuple[str, str, str]]:
    place = place_of(exchange)
    for sentence in exchange.get("setup", []):
        about = _ABOUT_POD.match(sentence)
        if place is not None and (about is None or about["name"] == place[1]):
            yield (*place, about["rest"] if about else sentence)


def _path(place: tuple[str, str]) -> str:
    return f"/api/v1/namespaces/{place[0]}/pods/{place[1]}"


def _is_waiting(status: dict[str, Any]) -> bool:
    states = [each["state"] for each in status.get("containerStatuses", ())]
    return any(state.get("waiting", {}).get("reason") == "CrashLoopBackOff" for state in states)


def _restarts(status: dict[str, Any], state: str, count: int) -> bool:
    each = status.get("containerStatuses", ())
    return any(e["restartCount"] >= count and state in e["state"] for e in each)


_STATES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "in CrashLoopBackOff": _is_waiting,
    "between runs": _is_waiting,
    "second run is on": lambda status: _restarts(status, "running", 1),
    "restarted once": lambda status: _restarts(status, "running", 1),
    "completed and was restarted": lambda status: _restarts(status, "terminated", 2),
    "Succeeded": lambda status: status.get("phase") == "Succeeded",
}
"""Words of sentences, and what the pod's status is then."""


def _status(exchange: Exchange) -> int:
    found: int = exchange.get("handshake", exchange)["response"]["status"]
    return found
