"""Pods: a new one, and what may change of one that is there."""

from __future__ import annotations

import json
from collections.abc import Iterator

from demo_cluster.defaults.pods import quality_of_service
from demo_cluster.kinds import Obj
from demo_cluster.schema.internal_form import ephemeral_diff, pod_spec_diff
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import (
    duplicate,
    forbidden,
    invalid,
    invalid_for,
    not_found,
    required,
)
from demo_cluster.validation.pod_spec import pod_spec_causes
from demo_cluster.validation.scheduling import tolerations_causes

_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)
_CHANGEABLE = frozenset(
    {
        "activeDeadlineSeconds",
        "tolerations",
        "terminationGracePeriodSeconds",
        "schedulingGates",
    }
)
_LISTS = ("containers", "initContainers")
_NOT_EPHEMERAL = (
    "ports",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "resources",
)
_MAX_SECONDS = 2147483647


def pod_causes(new: Obj, old: Obj | None, part: str) -> Iterator[Cause]:
    """What is wrong with a pod, or with a change of it through one of its parts."""
    if old is None:
        yield from pod_spec_causes(new["spec"], "spec")
        for field in _LISTS:
            yield from _images(new["spec"].get(field) or [], f"spec.{field}")
    elif part == "resize":
        yield from _resize(new, old)
    elif part == "ephemeralcontainers":
        yield from _new_ephemeral(new, old)
        yield from _ephemeral_change(new, old)
    else:
        yield from _change(new["spec"], old["spec"])


def _images(containers: list[Obj], path: str) -> Iterator[Cause]:
    for index, container in enumerate(containers):
        image = container.get("image") or ""
        if image != image.strip():
            why = "must not have leading or trailing whitespace"
            yield invalid(f"{path}[{index}].image", image, why)


# -- a plain change ------------------------------------------------------------------------


def _change(new: Obj, old: Obj) -> Iterator[Cause]:
    for field in _LISTS:
        containers = new.get(field) or []
        if len(containers) != len(old.get(field) or []):
            yield forbidden(f"spec.{field}", "pod updates may not add or remove containers")
            return
        for index, container in enumerate(containers):
            if not container.get("image"):
                yield required(f"spec.{field}[{index}].image")
        yield from _images(containers, f"spec.{field}")
    wrong = list(_deadline(new, old))
    if wrong:
        yield from wrong
        return
    yield from _tolerations(new.get("tolerations") or [], old.get("tolerations") or [])
    gates = [gate.get("name") for gate in old.get("schedulingGates") or ()]
    for index, gate in enumerate(new.get("schedulingGates") or ()):
        if gate.get("name") not in gates:
            why = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            yield forbidden(f"spec.schedulingGates[{index}].name", why)
    if _fixed_part(new) != _fixed_part(old):
        yield forbidden("spec", f"{_RULE}\n{pod_spec_diff(old, _with_allowed_from(old, new))}")


def _deadline(new: Obj, old: Obj) -> Iterator[Cause]:
    wanted, before = new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")
    field = "spec.activeDeadlineSeconds"
    if wanted is None:
        if before is not None:
            yield invalid(field, None, "must not update from a positive integer to nil value")
    elif not 0 <= wanted <= _MAX_SECONDS:
        yield invalid(field, wanted, f"must be between 0 and {_MAX_SECONDS}, inclusive")
    elif before is not None and before < wanted:
        yield invalid(field, wanted, "must be less than or equal to previous value")


def _tolerations(new: list[Obj], old: list[Obj]) -> Iterator[Cause]:
    def without_seconds(toleration: Obj) -> Obj:
        return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}

    kept = [without_seconds(each) for each in new]
    if any(without_seconds(each) not in kept for each in old):
        why = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", why)
        return
    yield from tolerations_causes(new, "spec.tolerations")


def _with_allowed_from(old: Obj, new: Obj) -> Obj:
    """The new spec without the changes that are allowed."""
    munged = {**new, **{name: old[name] for name in _CHANGEABLE if name in old}}
    for field in _LISTS:
        images = [entry.get("image") for entry in old.get(field) or ()]
        entries = new.get(field) or []
        if len(images) == len(entries) and entries:
            munged[field] = [
                {**entry, "image": image} for entry, image in zip(entries, images, strict=True)
            ]
    return munged


def _fixed_part(spec: Obj) -> Obj:
    fixed = {name: value for name, value in spec.items() if name not in _CHANGEABLE}
    for field in _LISTS:
        fixed[field] = [{**entry, "image": ""} for entry in spec.get(field) or ()]
    return fixed


# -- ephemeral containers ------------------------------------------------------------------


def _ephemeral_change(new: Obj, old: Obj) -> Iterator[Cause]:
    wanted = {entry["name"]: entry for entry in new["spec"].get("ephemeralContainers") or ()}
    for present in old["spec"].get("ephemeralContainers") or ():
        name = present["name"]
        if wanted.get(name) != present:
            word = "changed" if name in wanted else "removed"
            text = f"existing ephemeral containers {json.dumps(name)} may not be {word}\n"
            text += ephemeral_diff(present, wanted.get(name)) if name in wanted else ""
            yield forbidden("spec.ephemeralContainers", text)


def _new_ephemeral(new: Obj, old: Obj) -> Iterator[Cause]:
    spec = new["spec"]
    known = {entry["name"] for entry in old["spec"].get("ephemeralContainers") or ()}
    taken = {entry["name"] for field in _LISTS for entry in spec.get(field) or ()}
    for index, entry in enumerate(spec.get("ephemeralContainers") or ()):
        path = f"spec.ephemeralContainers[{index}]"
        name, target = entry.get("name", ""), entry.get("targetContainerName")
        if name in known:
            continue
        if not name:
            yield required(f"{path}.name")
        else:
            yield from invalid_for(f"{path}.name", name, formats.label(name))
        if not entry.get("image"):
            yield required(f"{path}.image")
        if name in taken:
            yield duplicate(f"{path}.name", name)
        if target and target not in taken:
            yield not_found(f"{path}.targetContainerName", target)
        for field in _NOT_EPHEMERAL:
            if entry.get(field):
                yield forbidden(f"{path}.{field}", "cannot be set for an Ephemeral Container")
        for number, mount in enumerate(entry.get("volumeMounts") or ()):
            for field in ("subPath", "subPathExpr"):
                if mount.get(field):
                    where = f"{path}.volumeMounts[{number}].{field}"
                    yield forbidden(where, "cannot be set for an Ephemeral Container")


# -- resize --------------------------------------------------------------------------------


def _resize(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from pod_spec_causes(new["spec"], "spec")
    before = quality_of_service(old["spec"])
    if quality_of_service(new["spec"]) != before:
        yield invalid("spec", before, "Pod QOS Class may not change as a result of resizing")
    pairs = zip(new["spec"]["containers"], old["spec"]["containers"], strict=False)
    for index, (container, present) in enumerate(pairs):
        yield from _resized(container, present, f"spec.containers[{index}].resources")


def _resized(new: Obj, old: Obj, path: str) -> Iterator[Cause]:
    wanted, present = new.get("resources") or {}, old.get("resources") or {}
    for section in ("requests", "limits"):
        gone = set(present.get(section) or ()) - set(wanted.get(section) or ())
        if gone:
            yield forbidden(f"{path}.{section}", f"resource {section} cannot be removed")
    names = {name for each in (wanted, present) for part in each.values() for name in part or ()}
    for name in names - {"cpu", "memory"}:
        parts = [[(each.get(s) or {}).get(name) for s in present] for each in (wanted, present)]
        if parts[0] != parts[1]:
            yield forbidden("spec", "only cpu and memory resources are mutable")
            return
