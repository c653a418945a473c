"""`Target`: one container of one pod, as the reader of its log knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class ContainerKind(Enum):
    """Which of a pod's three lists a container stands in."""

    INIT = "init"
    REGULAR = "regular"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True, slots=True)
class Target:
    """One instance of a container: after a restart it is another target.

    `labels` and `annotations` are None when the pod has none, which JSON output tells apart.
    `context` is empty unless several clusters are followed at once.
    """

    namespace: str
    pod: str
    container: str
    node: str = ""
    uid: str = ""
    container_id: str = ""
    kind: ContainerKind = ContainerKind.REGULAR
    labels: dict[str, str] | None = field(default=None, hash=False, compare=False)
    annotations: dict[str, str] | None = field(default=None, hash=False, compare=False)
    context: str = ""
    is_alone: bool = False
    """The pod has no other container."""
