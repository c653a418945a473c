"""Nodes: ready or not, under pressure or not, and how full."""

from __future__ import annotations

import msgspec

from kube_client.objects import Condition, KubeObject, KubeStruct
from kube_client.quantity import parse_quantity
from kube_tui.rows.row import (
    Cell,
    Column,
    Moment,
    Tone,
    age_column,
    labels_column,
    name_column,
    text_cell,
)
from kube_tui.rows.usage import cpu_cell, cpu_text, memory_cell, memory_text, percent_cell

_ROLE = "node-role.kubernetes.io/"


class Taint(KubeStruct):
    """What keeps pods away."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(KubeStruct):
    """Whether it takes pods."""

    unschedulable: bool = False
    taints: list[Taint] = msgspec.field(default_factory=list)


class NodeAddress(KubeStruct):
    """One of its addresses."""

    type: str = ""
    address: str = ""


class NodeSystem(KubeStruct):
    """What it runs."""

    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    architecture: str = ""


class NodeStatus(KubeStruct):
    """How it is."""

    conditions: list[Condition] = msgspec.field(default_factory=list)
    addresses: list[NodeAddress] = msgspec.field(default_factory=list)
    allocatable: dict[str, str] = msgspec.field(default_factory=dict)
    node_info: NodeSystem = msgspec.field(default_factory=NodeSystem)


class Node(KubeObject):
    """A Node."""

    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)

    def allocatable(self, resource: str) -> float:
        """How much of cpu or memory pods may have; 0 when it does not say."""
        amount = self.status.allocatable.get(resource, "")
        return float(parse_quantity(amount)) if amount else 0.0


def node_words(node: Node) -> tuple[str, Tone]:
    """Ready or not, and what else troubles it."""
    by_type = {condition.type: condition for condition in node.status.conditions}
    ready = by_type.get("Ready")
    if ready is None or ready.status == "Unknown":
        words, tone = "Unknown", Tone.BROKEN
    elif ready.status == "True":
        words, tone = "Ready", Tone.WELL
    else:
        words, tone = "NotReady", Tone.BROKEN
    pressure = [t for t, c in by_type.items() if t != "Ready" and c.status == "True"]
    if pressure:
        words = ",".join([words, *pressure])
        tone = Tone.ATTENTION if tone is Tone.WELL else tone
    if node.spec.unschedulable:
        words += ",SchedulingDisabled"
        tone = Tone.ATTENTION if tone is Tone.WELL else tone
    return words, tone


def _status(node: Node, _: Moment) -> Cell:
    words, tone = node_words(node)
    return Cell(words, words, tone)


def _roles(node: Node, _: Moment) -> Cell:
    roles = [name.removeprefix(_ROLE) for name in node.metadata.labels if name.startswith(_ROLE)]
    return text_cell(",".join(sorted(roles)))


def _taints(node: Node, _: Moment) -> Cell:
    return text_cell(",".join(f"{taint.key}:{taint.effect}" for taint in node.spec.taints))


def _address(node: Node, _: Moment) -> Cell:
    return text_cell(next((a.address for a in node.status.addresses if a.type == "InternalIP"), ""))


def _cpu(node: Node, moment: Moment) -> Cell:
    used = moment.usage.node(node.metadata.name)
    return cpu_cell(used.cores if used else None)


def _memory(node: Node, moment: Moment) -> Cell:
    used = moment.usage.node(node.metadata.name)
    return memory_cell(used.memory_bytes if used else None)


def _cpu_percent(node: Node, moment: Moment) -> Cell:
    used = moment.usage.node(node.metadata.name)
    return percent_cell(used.cores if used else None, node.allocatable("cpu"), is_limit=True)


def _memory_percent(node: Node, moment: Moment) -> Cell:
    used = moment.usage.node(node.metadata.name)
    return percent_cell(
        used.memory_bytes if used else None, node.allocatable("memory"), is_limit=True
    )


def _cpu_total(node: Node, _: Moment) -> Cell:
    cores = node.allocatable("cpu")
    return Cell(cpu_text(cores), cores)


def _memory_total(node: Node, _: Moment) -> Cell:
    size_bytes = node.allocatable("memory")
    return Cell(memory_text(size_bytes), size_bytes)


NODE_COLUMNS: tuple[Column[Node], ...] = (
    name_column(),
    Column("STATUS", _status, rank=0, letter="S"),
    Column("ROLES", _roles, rank=3, letter="R"),
    Column("VERSION", lambda node, _: text_cell(node.status.node_info.kubelet_version), rank=3),
    Column("CPU", _cpu, right=True, measured=True, rank=1, letter="C"),
    Column("%CPU", _cpu_percent, right=True, measured=True, rank=2),
    Column("CPU/A", _cpu_total, right=True, rank=5),
    Column("MEM", _memory, right=True, measured=True, rank=1, letter="M"),
    Column("%MEM", _memory_percent, right=True, measured=True, rank=2),
    Column("MEM/A", _memory_total, right=True, rank=5),
    Column("INTERNAL-IP", _address, rank=4),
    Column("TAINTS", _taints, rank=5),
    Column("ARCH", lambda node, _: text_cell(node.status.node_info.architecture), rank=9),
    Column("OS-IMAGE", lambda node, _: text_cell(node.status.node_info.os_image), rank=9),
    Column("KERNEL", lambda node, _: text_cell(node.status.node_info.kernel_version), rank=9),
    labels_column(),
    age_column(),
)


def explain_node(node: Node, _: Moment) -> str:
    """What the node's conditions complain of, or ''."""
    for condition in node.status.conditions:
        is_bad = condition.status != ("True" if condition.type == "Ready" else "False")
        if is_bad and condition.message:
            return f"{condition.type}: {condition.message}"
    return "takes no new pods (cordoned)" if node.spec.unschedulable else ""
