"""`Record`: what a template sees of one line."""

from __future__ import annotations

from dataclasses import dataclass

from stern.palette import ColorPair
from stern.target import Target
from stern.template.values import ColorValue


@dataclass(slots=True)
class Record:
    """One message and who said it; the fields go by Go's names, see `FIELDS`."""

    message: str
    timestamp: str
    node: str
    namespace: str
    pod: str
    container: str
    labels: dict[str, str] | None
    annotations: dict[str, str] | None
    pod_color: ColorValue
    container_color: ColorValue
    context: str = ""

    @classmethod
    def of(cls, target: Target, colors: ColorPair) -> Record:
        """A record of this target that says nothing yet."""
        return cls(
            message="",
            timestamp="",
            node=target.node,
            namespace=target.namespace,
            pod=target.pod,
            container=target.container,
            labels=target.labels,
            annotations=target.annotations,
            pod_color=ColorValue(colors.pod),
            container_color=ColorValue(colors.container),
            context=target.context,
        )

    def say(self, message: str, timestamp: str) -> None:
        """Another message of the same target."""
        self.message = message
        self.timestamp = timestamp

    def as_json(self) -> dict[str, object]:
        """The record as `json .` writes it."""
        shown: dict[str, object] = {"message": self.message}
        if self.timestamp:
            shown["timestamp"] = self.timestamp
        shown |= {
            "nodeName": self.node,
            "namespace": self.namespace,
            "podName": self.pod,
            "containerName": self.container,
            "labels": self.labels,
            "annotations": self.annotations,
        }
        return shown


FIELDS = {
    "Message": "message",
    "Timestamp": "timestamp",
    "NodeName": "node",
    "Namespace": "namespace",
    "PodName": "pod",
    "ContainerName": "container",
    "Labels": "labels",
    "Annotations": "annotations",
    "PodColor": "pod_color",
    "ContainerColor": "container_color",
    "Context": "context",
}
