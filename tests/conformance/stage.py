"""The cluster that recordings are played on: its time stands still unless the player moves it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from demo_cluster.threaded import RunningCluster
from tests.conformance.manifests import config_map
from tests.conformance.wire import Answer, Wire

PATIENCE_SECONDS = 4.0
"""How long, on the cluster's clock, something recorded may take to be seen here."""
_TICK = 0.00001
_OWN_NAMESPACES = re.compile(r"^(rec-|shop$)")
_QUIRK = "openshift-service-ca.crt"


class Stage:
    """Requests as the admin, and a clock that moves from one thing that happens to the next."""

    def __init__(self, wire: Wire, running: RunningCluster) -> None:
        self.wire = wire
        self._running = running
        self._namespaces: set[str] = set()
        self.now = 0.0
        """Seconds on the cluster's clock since the play began."""
        self.changed_at = 0.0
        """When something was last written for or by the recording."""

    # -- time ------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        if seconds > 0:
            self._running.advance(seconds)
            self.now += seconds

    def settle(self) -> None:
        """Let everything run that waits for no time; watchers have then been told."""
        self._running.advance(0.0)

    def advance_to(self, since_change: float) -> None:
        """Let time pass until this long after the last change."""
        self.advance(self.changed_at + since_change - self.now)

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether it holds now, or within this time after one of the things that happen."""
        deadline = self.now + seconds
        if holds():
            return True
        while self.now < deadline - _TICK:
            self.now += self._running.run(self._next_write(deadline - self.now))
            if holds():
                return True
        return False

    async def _next_write(self, most_seconds: float) -> float:
        """Step until something is written; the seconds that it took."""
        storage, clock = self._running.storage, self._running.clock
        version, moved = storage.resource_version, 0.0
        while moved < most_seconds - _TICK and storage.resource_version == version:
            moved += await clock.step_and_settle(most_seconds - moved)
        return moved

    # -- requests --------------------------------------------------------------------------

    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        """The body of a 200, else None."""
        answer = self.wire.send("GET", path, query=query)
        return answer.value if answer.status == 200 else None

    def post(self, path: str, body: Any) -> Answer:
        """Create something."""
        return self.wire.send("POST", path, body=body)

    def put(self, path: str, body: Any, manager: str = "") -> Answer:
        """Replace something."""
        query = {"fieldManager": manager} if manager else None
        return self.wire.send("PUT", path, body=body, query=query)

    def merge(self, path: str, body: Any, manager: str = "") -> Answer:
        """Change a part of something."""
        headers = {"Content-Type": "application/merge-patch+json"}
        query = {"fieldManager": manager} if manager else None
        return self.wire.send("PATCH", path, body=body, headers=headers, query=query)

    def apply(self, path: str, body: Any, manager: str) -> Answer:
        """Server-side apply, by force."""
        return self.wire.send(
            "PATCH",
            path,
            query={"fieldManager": manager, "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            body=body,
        )

    def delete(self, path: str, **query: Any) -> Answer:
        """Delete something."""
        return self.wire.send("DELETE", path, query=query)

    # -- what everything stands on ---------------------------------------------------------

    def need_namespace(self, name: str) -> None:
        """A namespace of the recorder's is there, with what every namespace holds."""
        if not _OWN_NAMESPACES.match(name) or name in self._namespaces:
            return
        self._namespaces.add(name)
        self.make_namespace(name)

    def make_namespace(self, name: str) -> None:
        """Create a namespace and wait for what controllers put into it."""
        self.post("/api/v1/namespaces", {"metadata": {"name": name}})
        base = f"/api/v1/namespaces/{name}"
        self.post(f"{base}/configmaps", config_map(_QUIRK, {"service-ca.crt": "x"}))
        for furniture in ("configmaps/kube-root-ca.crt", "serviceaccounts/default"):
            self.until(lambda path=f"{base}/{furniture}": self.get(path) is not None)  # type: ignore[misc]

    def remove_for_good(self, path: str) -> None:
        """Delete something, whatever holds it."""
        found = self.get(path)
        if found is None:
            return
        self.delete(path, gracePeriodSeconds=0, propagationPolicy="Background")
        if (self.get(path) or {}).get("metadata", {}).get("finalizers"):
            self.merge(path, {"metadata": {"finalizers": None}})
        self.until(lambda: self.get(path) is None)
