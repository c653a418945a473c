"""`Record`: what a template sees of one line."""

from __future__ import annotations

from dataclasses import dataclass

from stern.palette import ColorPair
from stern.target import Target
from stern.template.values import ColorValue, StringMap, text_of


@dataclass(slots=True)
class Record:
    """One message and who said it; the fields go by Go's names, see `FIELDS`."""

    message: str
    timestamp: str
    node: str
    namespace: str
    pod: str
    container: str
    labels: StringMap
    annotations: StringMap
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
            labels=StringMap(target.labels),
            annotations=StringMap(target.annotations),
            pod_color=ColorValue(colors.pod),
            container_color=ColorValue(colors.container),
            context=target.context,
        )

    def say(self, message: str, timestamp: str) -> None:
        """Another message of the same target."""
        self.message = message
        self.timestamp = timestamp

    def __str__(self) -> str:
        """As %v prints the record: its fields in braces, colours left out."""
        fields = (
            self.message, self.timestamp, self.node, self.namespace, self.pod, self.container,
            text_of(self.labels), text_of(self.annotations),
        )  # fmt: skip
        return f"{{{' '.join(fields)}}}"

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
            "labels": None if self.labels.is_nil else self.labels,
            "annotations": None if self.annotations.is_nil else self.annotations,
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
