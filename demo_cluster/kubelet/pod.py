"""A pod on its node, as its own parts see it.

What they may ask of the whole, of each other and of the kubelet: the parts know these promises, not
the classes that keep them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from demo_cluster.clock import Clock, TimerHandle
from demo_cluster.containers.images import ImageLibrary
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj
from demo_cluster.kubelet.pod_status import ContainerState
from demo_cluster.kubelet.runs import ContainerRun
from demo_cluster.kubelet.volumes import Volumes
from demo_cluster.store.storage import Storage
from demo_cluster.toybox.filesystem import Directory
from demo_cluster.toybox.machine import Network, Server


class Node(Protocol):
    """The kubelet, as a pod needs it."""

    @property
    def clock(self) -> Clock:
        """The cluster's clock."""
        ...

    @property
    def storage(self) -> Storage:
        """What the API server stores; the kubelet reads it."""
        ...

    @property
    def events(self) -> EventRecorder:
        """Where events are told."""
        ...

    @property
    def images(self) -> ImageLibrary:
        """All images."""
        ...

    @property
    def claims(self) -> dict[tuple[str, str], Directory]:
        """The contents of claimed volumes, by the claim's namespace and name."""
        ...

    def jitter(self, seconds: float) -> float:
        """A little time, never the same."""
        ...

    def reach(self, namespace: str) -> Callable[[str, int], Server | None]:
        """How containers of a namespace reach services: by name and port."""
        ...

    def node_address(self, name: str) -> str:
        """The node's internal address."""
        ...

    def new_address(self, node: str) -> str:
        """An address for a pod, from its node's range."""
        ...

    def has_image(self, node: str, image: str) -> bool:
        """Whether the node has it already."""
        ...

    def remember_image(self, node: str, image: str) -> None:
        """It has been pulled."""
        ...

    def pull_seconds(self, node: str, image: str) -> float:
        """How long pulling takes."""
        ...

    def image_id(self, image: str) -> str:
        """The digest of an image."""
        ...

    def new_run(self, worker: Pod, container: ContainerState) -> ContainerRun:
        """A run of the container that has not begun.

        Raises:
            MissingReferenceError: Its environment refers to what is not there.
        """
        ...

    def resume(self, worker: Pod, container: ContainerState, since: datetime) -> ContainerRun:
        """The run that a status speaks of, not seen to begin and not going on yet."""
        ...

    def write(self, pod: Obj, change: Callable[[Obj], None]) -> Obj | None:
        """Change the pod's object; nothing when it is another one by now."""
        ...

    def forget(self, worker: Pod) -> None:
        """Nothing of the pod runs any more."""
        ...

    def remove(self, worker: Pod) -> None:
        """The pod has ended: let its object go."""
        ...


class Pod(Protocol):
    """One pod on its node, as its parts need it."""

    pod: Obj
    """The object as it was last seen or written."""
    is_stopping: bool
    is_gone: bool
    """Its object is no more."""

    @property
    def kubelet(self) -> Node:
        """Its node's kubelet."""
        ...

    @property
    def uid(self) -> str:
        """The object's uid."""
        ...

    @property
    def name(self) -> str:
        """The pod's name."""
        ...

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        ...

    @property
    def policy(self) -> str:
        """The pod's restart policy."""
        ...

    @property
    def containers(self) -> list[ContainerState]:
        """All its containers: init containers first, ephemeral ones last."""
        ...

    @property
    def network(self) -> Network:
        """What its containers share."""
        ...

    @property
    def volumes(self) -> Volumes:
        """Its volumes."""
        ...

    @property
    def images(self) -> Images:
        """The part that gets images."""
        ...

    @property
    def starts(self) -> Starts:
        """The part that starts containers."""
        ...

    @property
    def probes(self) -> Probing:
        """The part that looks at what runs."""
        ...

    @property
    def retries(self) -> Trying:
        """The part that tries again."""
        ...

    @property
    def ending(self) -> Ending:
        """The part that stops the pod."""
        ...

    @property
    def on_stopped(self) -> list[Callable[[], None]]:
        """Who wants to know that nothing of the pod runs any more."""
        ...

    def later(self, seconds: float, call: Callable[[], None]) -> TimerHandle:
        """Call after some time, unless the pod has gone by then."""
        ...

    def cancel_timers(self) -> None:
        """Nothing that was planned happens any more."""
        ...

    def say(
        self,
        reason: str,
        message: str,
        *,
        container: ContainerState | None = None,
        warning: bool = False,
    ) -> None:
        """An event about the pod, or about one of its containers."""
        ...

    def report(self, *, is_final: bool = False) -> None:
        """Write the status when it has changed; finally, when nothing runs any more."""
        ...

    def report_phase(self) -> str:
        """The phase that the containers are in."""
        ...

    def advance(self) -> None:
        """Start what may start now."""
        ...

    def exited(self, container: ContainerState, run: ContainerRun, code: int, reason: str) -> None:
        """A run ended by itself or was ended."""
        ...

    def close(self) -> None:
        """The cluster stops."""
        ...


class Images(Protocol):
    """Gets images."""

    def ensure(self, container: ContainerState) -> None:
        """Get the image; the container is created when it is there."""
        ...


class Starts(Protocol):
    """Starts containers."""

    def create(self, container: ContainerState) -> None:
        """The image is there: make the container, and start it a moment later."""
        ...


class Probing(Protocol):
    """Looks at what runs."""

    def begin(self, container: ContainerState) -> None:
        """A run of this container began."""
        ...

    def end(self, container: ContainerState) -> None:
        """The run is over."""
        ...

    def stop_liveness(self) -> None:
        """The pod stops: readiness goes on, restarts do not."""
        ...

    def stop(self) -> None:
        """No more looks at anything."""
        ...


class Trying(Protocol):
    """Tries again what failed."""

    def fail(
        self, container: ContainerState, reason: str, message: str, again: Callable[[], None]
    ) -> None:
        """The container waits for this reason; the next look shows it, then calls `again`."""
        ...

    def after_exit(self, container: ContainerState) -> None:
        """The end of a run was seen: what comes next."""
        ...

    def restart_unhealthy(self, container: ContainerState, probe: str) -> None:
        """A liveness or startup probe gave up."""
        ...

    def replace(self, container: ContainerState) -> None:
        """The run that a probe gave up has ended: the next one follows in the same breath."""
        ...


class Ending(Protocol):
    """Stops the pod."""

    def run_hook(
        self, container: ContainerState, name: str, then: Callable[[], None] | None = None
    ) -> None:
        """Run the container's hook of this name, if it has one, and go on."""
        ...

    def one_less(self) -> None:
        """A container of a stopping pod has ended, or there was none."""
        ...

    def conclude(self) -> None:
        """Nothing runs any more: say so, and let the object go when it was to go."""
        ...
