"""Port-forwards: to a pod, or to one pod of a service or workload."""

from __future__ import annotations

from collections.abc import Sequence

from kube_client import resource
from kube_client.errors import KubeError
from kube_client.objects import Pod
from kube_tui.actions.action import Desk, Subject
from kube_tui.actions.question import Field, Form
from kube_tui.rows.pod import pod_state
from kube_tui.rows.row import Tone


async def forward_port(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Ask for the ports, then open a local one."""
    subject = subjects[0]
    try:
        pod = await find_pod(desk, subject)
    except KubeError as error:
        desk.say(str(error), Tone.BROKEN)
        return
    if pod is None:
        desk.say(f"No ready pod of {subject.words} to forward to.", Tone.ATTENTION)
        return
    offered = pod_ports(pod, subject.container)
    remote = Field(
        "remote", "Port of the pod", "number", offered[0] if offered else "", required=True
    )
    local = Field("local", "Local port (empty: any free one)", "number")
    answers = await desk.fill(
        Form(
            f"Forward a local port to pod {pod.metadata.name} in {pod.metadata.namespace}",
            (remote, local),
            yes="Forward",
            check=check_ports,
        )
    )
    if answers is None:
        return
    try:
        opened = await desk.forwards.start(
            desk.session.client,
            pod.metadata.namespace,
            pod.metadata.name,
            int(answers["remote"]),
            int(answers["local"] or 0),
        )
    except OSError as error:
        port = answers["local"]
        reason = error.strerror or error
        desk.say(f"Local port {port} cannot be opened ({reason}); choose another.", Tone.BROKEN)
    except KubeError as error:
        desk.say(str(error), Tone.BROKEN)
    else:
        where = f"http://127.0.0.1:{opened.local_port}"
        desk.say(f"{where} leads to {pod.metadata.name}:{opened.remote_port}; list them with f.")


def check_ports(answers: dict[str, str]) -> str:
    """What is wrong with the ports, or ''."""
    for name, lowest in (("remote", 1), ("local", 0)):
        text = answers[name].strip()
        if name == "local" and not text:
            continue
        if not text.isdecimal() or not lowest <= int(text) <= 65535:
            return f"A port is a number from {lowest} to 65535."
    return ""


def pod_ports(pod: Pod, container: str = "") -> list[str]:
    """The TCP ports that the pod's containers say they listen on."""
    return [
        str(port.container_port)
        for each in pod.spec.containers
        if container in ("", each.name)
        for port in each.ports
        if port.protocol == "TCP"
    ]


async def find_pod(desk: Desk, subject: Subject) -> Pod | None:
    """The pod itself, or a ready one behind a service or workload."""
    if subject.type.full_name == resource.PODS.full_name:
        return subject.item_pod
    labels = subject.item.selector
    if not labels:
        return None
    found = await desk.session.client.list(
        resource.PODS, Pod, namespace=subject.namespace, labels=labels
    )
    states = [(pod, pod_state(pod)) for pod in found.items]
    ready = [p for p, s in states if s.status == "Running" and s.ready == s.total]
    return next(iter(ready), None)


async def list_forwards(desk: Desk, _: Sequence[Subject]) -> None:
    """Open the list of port-forwards."""
    desk.go("portforwards", None)


async def stop_forwards(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Close the local ports; nothing in the cluster changes."""
    for subject in subjects:
        await desk.forwards.stop(subject.item.key)
    desk.say("Stopped.")
