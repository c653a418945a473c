"""LimitRanges: what containers get that state no resources, and what they may not state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.pod_defaults import quality_of_service
from demo_cluster.quantities import quantity
from demo_cluster.status import forbidden, resource_details

LIMIT_RANGES = kind_of("limitranges")
PODS = kind_of("pods")
ANNOTATION = "kubernetes.io/limit-ranger"


class Objects(Protocol):
    """Where the objects are."""

    def list(self, kind: Kind, namespace: str | None = None) -> list[Obj]:
        """All of a kind in a namespace."""


def apply_limit_ranges(objects: Objects, pod: Obj) -> None:
    """Fill in the defaults of the pod's namespace, in place, and hold it to the bounds.

    Raises:
        Failure: 403, a container states more, or less, than it may.
    """
    items = [
        item
        for each in objects.list(LIMIT_RANGES, pod["metadata"]["namespace"])
        for item in each["spec"].get("limits") or ()
        if item.get("type") == "Container"
    ]
    notes = [note for item in items for note in _filled(pod["spec"], item)]
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)
        pod.setdefault("status", {})["qosClass"] = quality_of_service(pod["spec"])
    problems = [text for item in items for text in _problems(pod["spec"], item)]
    if problems:
        name = pod["metadata"]["name"]
        listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        details = resource_details(PODS, name)
        failure = forbidden(f'pods "{name}" is forbidden: {listed}', details)
        failure.headers = {}
        raise failure


def _containers(spec: Obj) -> Iterator[tuple[str, Obj]]:
    for container in spec.get("containers") or ():
        yield "container", container
    for container in spec.get("initContainers") or ():
        yield "init container", container


def _filled(spec: Obj, item: Obj) -> Iterator[str]:
    limits, requests = item.get("default") or {}, item.get("defaultRequest") or {}
    for word, container in _containers(spec):
        for section, values in (("requests", requests), ("limits", limits)):
            stated = (container.get("resources") or {}).get(section) or {}
            added = {name: text for name, text in values.items() if name not in stated}
            if added:
                resources = container.setdefault("resources", {})
                resources[section] = {**stated, **added}
                names = ", ".join(sorted(added))
                yield f"{names} {section.removesuffix('s')} for {word} {container['name']}"


def _problems(spec: Obj, item: Obj) -> Iterator[str]:
    for _, container in _containers(spec):
        resources = container.get("resources") or {}
        for name, least in (item.get("min") or {}).items():
            stated = (resources.get("requests") or {}).get(name)
            if stated is not None and quantity(stated) < quantity(least):
                yield f"minimum {name} usage per Container is {least}, but request is {stated}"
        for name, most in (item.get("max") or {}).items():
            stated = (resources.get("limits") or {}).get(name)
            if stated is not None and quantity(stated) > quantity(most):
                yield f"maximum {name} usage per Container is {most}, but limit is {stated}"
