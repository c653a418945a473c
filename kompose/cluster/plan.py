"""What is made first, and what waits for what. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kompose.cluster.errors import ClusterError
from kompose.cluster.kinds import is_workload, rank, resource_of
from kompose.cluster.ownership import Object, service_key
from kompose.cluster.view import ProjectView, ServiceView
from kube_client.resource import HORIZONTAL_POD_AUTOSCALERS


class Need(NamedTuple):
    """Another unit, and what must be true of it."""

    unit: str
    condition: str


class Plan(NamedTuple):
    """A project as the cluster gets it.

    A unit is what runs together: mostly one service, several when they share a pod. `names` has
    the services of each unit as the compose file calls them.
    """

    base: tuple[Object, ...]
    """What needs no waiting, in the order of making."""
    workloads: Mapping[str, tuple[Object, ...]]
    """What runs, by unit."""
    needs: Mapping[str, tuple[Need, ...]]
    names: Mapping[str, tuple[str, ...]]


def make_plan(objects: Iterable[Object], project: ProjectView) -> Plan:
    """The plan of a converted project.

    Raises:
        ClusterError: Services wait for each other in a circle, or an object is of a kind that
            up does not make.
    """
    ordered = sorted(objects, key=lambda obj: rank(resource_of(obj)))
    workloads: dict[str, tuple[Object, ...]] = {}
    for obj in ordered:
        if is_workload(obj):
            unit = service_key(obj) or str(obj["metadata"]["name"])
            workloads[unit] = (*workloads.get(unit, ()), obj)
    unit_of: dict[str, str] = {}
    for name, service in project.services.items():
        place = _unit_of(service, workloads)
        if place is not None:
            unit_of[name] = place
    names: dict[str, tuple[str, ...]] = dict.fromkeys(workloads, ())
    needs: dict[str, tuple[Need, ...]] = dict.fromkeys(workloads, ())
    for name, home in unit_of.items():
        names[home] = (*names[home], name)
        needs[home] = (*needs[home], *_needs(project.services[name], home, unit_of))
    _refuse_circles(needs)
    order = {unit: number for number, unit in enumerate(unit_of.values())}
    return Plan(
        base=tuple(obj for obj in ordered if not is_workload(obj)),
        workloads=dict(sorted(workloads.items(), key=lambda item: order.get(item[0], len(order)))),
        needs=needs,
        names={unit: found or (unit,) for unit, found in names.items()},
    )


def without_workload(objects: Iterable[Object], project: ProjectView) -> list[str]:
    """The services of the file that nothing runs for."""
    running = {name for names in make_plan(objects, project).names.values() for name in names}
    return [name for name in project.services if name not in running]


def selected_objects(objects: Sequence[Object], project: ProjectView) -> list[Object]:
    """The objects of the services of this view, and those that belong to no service of the file."""
    keys = {service.key for service in project.services.values()}
    return [obj for obj in objects if not is_workload(obj) or _runs_any(obj, keys)]


def without_scaled_replicas(objects: Sequence[Object]) -> list[Object]:
    """The objects; what an autoscaler scales says no number of its own."""
    scaled = {
        (target.get("kind"), target.get("name"))
        for obj in objects
        if obj.get("kind") == HORIZONTAL_POD_AUTOSCALERS.kind
        and isinstance(target := obj.get("spec", {}).get("scaleTargetRef"), dict)
    }
    kept = []
    for obj in objects:
        if (obj.get("kind"), obj["metadata"]["name"]) in scaled:
            spec = {key: value for key, value in obj["spec"].items() if key != "replicas"}
            obj = {**obj, "spec": spec}  # noqa: PLW2901 - the same object, less one field
        kept.append(obj)
    return kept


def _runs_any(obj: Object, keys: set[str]) -> bool:
    return service_key(obj) in keys or bool(keys & set(container_names(obj)))


def container_names(obj: Mapping[str, Any]) -> list[str]:
    """The names of the containers that a workload runs."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if obj.get("kind") != "Pod":
        spec = (spec.get("template") or {}).get("spec") or {}
    return [str(container.get("name", "")) for container in spec.get("containers") or ()]


def _unit_of(service: ServiceView, workloads: Mapping[str, tuple[Object, ...]]) -> str | None:
    if service.key in workloads:
        return service.key
    wanted = {service.key, service.container_name} - {""}
    for unit, objects in workloads.items():
        if any(wanted & set(container_names(obj)) for obj in objects):
            return unit
    return None


def _needs(service: ServiceView, unit: str, unit_of: Mapping[str, str]) -> list[Need]:
    """Dependencies on services that run nothing here, or in the same pod, are always met."""
    found = []
    for dependency in service.dependencies:
        other = unit_of.get(dependency.service)
        if other is not None and other != unit:
            found.append(Need(other, dependency.condition or "service_started"))
    return found


def _refuse_circles(needs: Mapping[str, tuple[Need, ...]]) -> None:
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        _walk(start, needs, done, path)


def _walk(
    unit: str, needs: Mapping[str, tuple[Need, ...]], done: set[str], path: list[str]
) -> None:
    if unit in path:
        circle = " -> ".join([*path[path.index(unit) :], unit])
        raise ClusterError(
            f"These services wait for each other: {circle}. "
            "Take one depends_on out of the compose file."
        )
    if unit in done:
        return
    path.append(unit)
    for need in needs.get(unit, ()):
        _walk(need.unit, needs, done, path)
    path.pop()
    done.add(unit)
