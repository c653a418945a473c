"""Which containers of a pod are followed, and which instance of them is new. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from stern.pod_state import effective_container_id, state_matches
from stern.target import ContainerKind, Target

if TYPE_CHECKING:
    from kube_client.objects import ContainerStatus, Pod
    from stern.name_pattern import NamePattern
    from stern.pod_state import Condition

_Place = tuple[str, str, str]


class ContainerMemory(msgspec.Struct):
    """The instance of every container that was seen last: (pod UID, container ID)."""

    _seen: dict[_Place, tuple[str, str]] = msgspec.field(default_factory=dict)
    _places: dict[str, set[_Place]] = msgspec.field(default_factory=dict)
    """Where each pod's containers were seen."""

    def see(self, place: _Place, uid: str, container_id: str) -> tuple[str, str] | None:
        """What was known of a container until now; from now on it is this."""
        before = self._seen.get(place)
        self._seen[place] = (uid, container_id)
        self._places.setdefault(uid, set()).add(place)
        return before

    def forget(self, uid: str) -> None:
        """Know nothing of a pod any more."""
        for place in self._places.pop(uid, ()):
            if place in self._seen and self._seen[place][0] == uid:
                del self._seen[place]


class Found(msgspec.Struct, frozen=True):
    """A container to read; `is_restart` when an earlier instance of it was seen.

    `has_unseen` says that another instance came and went between that one and this.
    """

    target: Target
    is_restart: bool
    has_unseen: bool = False


class TargetFilter(msgspec.Struct, frozen=True):
    """What a run asks of pods and containers."""

    pod: NamePattern
    exclude_pod: NamePattern | None
    container: NamePattern
    exclude_container: NamePattern | None
    states: tuple[str, ...] = ("all",)
    init_containers: bool = True
    ephemeral_containers: bool = True
    condition: Condition | None = None
    context: str = ""

    def matches_pod(self, name: str) -> bool:
        """Whether a pod is asked for by its name."""
        text = name.encode()
        if not self.pod.search(text):
            return False
        return self.exclude_pod is None or not self.exclude_pod.search(text)

    def meets_condition(self, pod: Pod) -> bool:
        """Whether the pod is in the condition that is asked for."""
        return self.condition is None or self.condition.holds(pod)

    def visit(self, pod: Pod, memory: ContainerMemory) -> Iterator[Found]:
        """The containers of a pod that are to be read now: init, regular, then ephemeral.

        The pod is one that the filter matches, in the condition that is asked for.
        """
        for kind, status in self._candidates(pod):
            found = self._judge(pod, kind, status, memory)
            if found is not None:
                yield found

    def _candidates(self, pod: Pod) -> Iterator[tuple[ContainerKind, ContainerStatus]]:
        """Containers that have a status: one without is not known yet."""
        lists = [(ContainerKind.REGULAR, pod.status.container_statuses)]
        if self.init_containers:
            lists.insert(0, (ContainerKind.INIT, pod.status.init_container_statuses))
        if self.ephemeral_containers:
            lists.append((ContainerKind.EPHEMERAL, pod.status.ephemeral_container_statuses))
        for kind, statuses in lists:
            for status in statuses:
                if self._matches_container(status.name):
                    yield kind, status

    def _matches_container(self, name: str) -> bool:
        text = name.encode()
        if not self.container.search(text):
            return False
        return self.exclude_container is None or not self.exclude_container.search(text)

    def _judge(
        self, pod: Pod, kind: ContainerKind, status: ContainerStatus, memory: ContainerMemory
    ) -> Found | None:
        meta = pod.metadata
        container_id = effective_container_id(status)
        place = (meta.namespace, meta.name, status.name)
        before = memory.see(place, meta.uid, container_id)
        if not container_id:
            return None
        if before is None:
            if not state_matches(status.state, self.states):
                return None
        elif before[1] == container_id:
            return None
        target = Target(
            namespace=meta.namespace,
            pod=meta.name,
            container=status.name,
            node=pod.spec.node_name,
            uid=meta.uid,
            container_id=container_id,
            kind=kind,
            labels=meta.labels or None,
            annotations=meta.annotations or None,
            context=self.context,
            is_alone=len(pod.spec.containers) + len(pod.spec.init_containers) == 1,
        )
        ended = status.last_state.terminated
        has_unseen = (
            before is not None
            and before[0] == meta.uid
            and before[1] != ""
            and ended is not None
            and ended.container_id not in ("", before[1], container_id)
        )
        return Found(target, is_restart=before is not None, has_unseen=has_unseen)
