"""LimitRanges: what containers get that state no resources, and what they may not state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from demo_cluster.defaults.pods import quality_of_service
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.quantities import quantity, total_resources
from demo_cluster.status import forbidden, resource_details

LIMIT_RANGES = kind_of("limitranges")
PODS = kind_of("pods")
CLAIMS = kind_of("persistentvolumeclaims")
ANNOTATION = "kubernetes.io/limit-ranger"


class Objects(Protocol):
    """Where the objects are."""

    def list(self, kind: Kind, namespace: str | None = None) -> list[Obj]:
        """All of a kind in a namespace."""


def apply_limit_ranges(objects: Objects, pod: Obj) -> None:
    """Fill in the defaults of the pod's namespace, in place, and hold it to the bounds.

    Raises:
        Failure: 403, a container, or all together, state more, or less, than they may.
    """
    items = _items(objects, pod["metadata"]["namespace"])
    of_containers = [item for item in items if item.get("type") == "Container"]
    notes = [note for item in of_containers for note in _filled(pod["spec"], item)]
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)
        pod.setdefault("status", {})["qosClass"] = quality_of_service(pod["spec"])
    _refuse_any(PODS, pod, [text for item in items for text in _problems(pod["spec"], item)])


def hold_claim(objects: Objects, claim: Obj) -> None:
    """Hold a claim to the bounds of its namespace.

    Raises:
        Failure: 403, it asks for more, or less, than it may.
    """
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    texts: list[str] = []
    for item in _items(objects, claim["metadata"]["namespace"]):
        if item.get("type") == "PersistentVolumeClaim":
            texts += _too_little(item, requests, {})
            texts += _asked_too_much(item, requests)
    _refuse_any(CLAIMS, claim, texts)


def _items(objects: Objects, namespace: str) -> list[Obj]:
    ranges = objects.list(LIMIT_RANGES, namespace)
    return [item for each in ranges for item in each["spec"].get("limits") or ()]


def _refuse_any(kind: Kind, obj: Obj, problems: list[str]) -> None:
    if not problems:
        return
    name = obj["metadata"]["name"]
    listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    text = f'{kind.plural} "{name}" is forbidden: {listed}'
    failure = forbidden(text, resource_details(kind, name))
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
    if item.get("type") == "Pod":
        together = (total_resources(spec.get("containers") or (), part) for part in _PARTS)
        yield from _out_of_bounds(item, *together)
    elif item.get("type") == "Container":
        for _, container in _containers(spec):
            stated = container.get("resources") or {}
            yield from _out_of_bounds(item, *(stated.get(part) or {} for part in _PARTS))


_PARTS = ("requests", "limits")


def _out_of_bounds(item: Obj, requests: Obj, limits: Obj) -> Iterator[str]:
    yield from _too_little(item, requests, limits)
    yield from _too_much(item, requests, limits)
    yield from _too_far_apart(item, requests, limits)


def _too_little(item: Obj, requests: Obj, limits: Obj) -> Iterator[str]:
    for name, least in sorted((item.get("min") or {}).items()):
        head = f"minimum {name} usage per {item['type']} is {least}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif quantity(str(requests[name])) < quantity(least):
            yield f"{head}, but request is {requests[name]}"
        elif name in limits and quantity(str(limits[name])) < quantity(least):
            yield f"{head}, but limit is {limits[name]}"


def _too_much(item: Obj, requests: Obj, limits: Obj) -> Iterator[str]:
    for name, most in sorted((item.get("max") or {}).items()):
        head = f"maximum {name} usage per {item['type']} is {most}"
        if name not in limits:
            yield f"{head}.  No limit is specified"
        elif quantity(str(limits[name])) > quantity(most):
            yield f"{head}, but limit is {limits[name]}"
        elif name in requests and quantity(str(requests[name])) > quantity(most):
            yield f"{head}, but request is {requests[name]}"


def _asked_too_much(item: Obj, requests: Obj) -> Iterator[str]:
    for name, most in sorted((item.get("max") or {}).items()):
        head = f"maximum {name} usage per {item['type']} is {most}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif quantity(str(requests[name])) > quantity(most):
            yield f"{head}, but request is {requests[name]}"


def _too_far_apart(item: Obj, requests: Obj, limits: Obj) -> Iterator[str]:
    for name, most in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        head = f"{name} max limit to request ratio per {item['type']} is {most}"
        asked, allowed = (quantity(str(part.get(name, 0))) for part in (requests, limits))
        if not asked:
            yield f"{head}, but no request is specified or request is 0"
        elif not allowed:
            yield f"{head}, but no limit is specified or limit is 0"
        elif allowed / asked > quantity(str(most)):
            yield f"{head}, but provided ratio is {float(allowed / asked):f}"
