"""`Target`: one container of one pod, as the reader of its log knows it."""

from __future__ import annotations

from enum import Enum

import msgspec


class ContainerKind(Enum):
    """Which of a pod's three lists a container stands in."""

    INIT = "init"
    REGULAR = "regular"
    EPHEMERAL = "ephemeral"


class Target(msgspec.Struct, frozen=True, eq=False):
    """One instance of a container: after a restart it is another target.

    `labels` and `annotations` are None when the pod has none, which JSON output tells apart.
    `context` is empty unless several clusters are followed at once; `is_alone` says that the pod
    has no other container.
    """

    namespace: str
    pod: str
    container: str
    node: str = ""
    uid: str = ""
    container_id: str = ""
    kind: ContainerKind = ContainerKind.REGULAR
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    context: str = ""
    is_alone: bool = False

    @property
    def _instance(self) -> tuple[str, ...]:
        return (
            *(self.namespace, self.pod, self.container, self.node, self.uid),
            *(self.container_id, self.kind.value, self.context),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Target) and self._instance == other._instance

    def __hash__(self) -> int:
        return hash((self.uid, self.container, self.container_id))
