"""status, scale, eviction, binding, ephemeralcontainers, resize, finalize."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from demo_cluster.changes.patches import PatchError, json_patch, merge_patch
from demo_cluster.handlers.deletes import delete_options_of
from demo_cluster.handlers.objects import existing, get_object, the_kind
from demo_cluster.handlers.patching import patch_with
from demo_cluster.handlers.updates import keep_status, status_only, update_checked
from demo_cluster.handlers.writes import (
    checked_object,
    write_options,
)
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.quantities import quantity, total_resources
from demo_cluster.schema.conversion import presented
from demo_cluster.selection import selector_matcher
from demo_cluster.status import Failure, bad_request, forbidden, not_found, stale_write
from demo_cluster.store.deletion import check_preconditions
from demo_cluster.tables.selectors import selector_text
from demo_cluster.timestamps import timestamp
from demo_cluster.wire.decoding import JsonError, decoded_body, parse_json
from demo_cluster.wire.presentation import object_reply
from demo_cluster.wire.reply import Call, Reply

_SCALE = Kind("autoscaling", "v1", "scales", "Scale", namespaced=True)

read = get_object
"""GET of a subresource that shows the whole object."""


async def replace_status(call: Call) -> Reply:
    """PUT of the status."""
    kind = the_kind(call)
    options = write_options(call, "UpdateOptions")
    obj = checked_object(call, kind, decoded_body(call, kind), options)
    obj["metadata"].setdefault("name", call.route.name)
    stored = update_checked(call, kind, existing(call), obj, options, status_only)
    return object_reply(call, kind, stored)


async def patch_status(call: Call) -> Reply:
    """PATCH of the status."""
    return await patch_with(call, status_only)


async def get_scale(call: Call) -> Reply:
    """GET of the scale."""
    return object_reply(call, _SCALE, _scale(call, existing(call)))


def _scale(call: Call, obj: Obj) -> Obj:
    meta = obj["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas_path, status_path, selector = _scale_paths(call)
    spec: Obj = {}
    replicas = _at(obj, replicas_path)
    if replicas:
        spec["replicas"] = replicas
    status: Obj = {"replicas": _at(obj, status_path) or 0}
    text = selector(obj)
    if text:
        status["selector"] = text
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in names if name in meta},
        "spec": spec,
        "status": status,
    }


def _scale_paths(call: Call) -> tuple[list[str], list[str], Any]:
    kind = the_kind(call)
    form = call.backend.registry.form(kind)
    if form is not None and form.scale_paths is not None:
        custom = form.scale_paths
        label_path = custom.get("labelSelectorPath", "")
        return (
            _split(custom["specReplicasPath"]),
            _split(custom["statusReplicasPath"]),
            lambda obj: _at(obj, _split(label_path)) if label_path else "",
        )

    def text(obj: Obj) -> str:
        selector = obj["spec"].get("selector")
        if kind.plural == "replicationcontrollers":
            selector = {"matchLabels": selector or {}}
        shown = selector_text(selector)
        return "" if shown == "<none>" else shown

    return ["spec", "replicas"], ["status", "replicas"], text


def _split(path: str) -> list[str]:
    return [part for part in path.split(".") if part]


def _at(obj: Any, path: list[str]) -> Any:
    for part in path:
        obj = obj.get(part) if isinstance(obj, dict) else None
    return obj


async def replace_scale(call: Call) -> Reply:
    """PUT of the scale."""
    options = write_options(call, "UpdateOptions")
    old = existing(call)
    body = decoded_body(call, the_kind(call), "Scale").value
    name = (body.get("metadata") or {}).get("name") or call.route.name
    if name != call.route.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL "
            f"({call.route.name})"
        )
    version = (body.get("metadata") or {}).get("resourceVersion")
    return _rescale(call, old, body, version, options)


async def patch_scale(call: Call) -> Reply:
    """PATCH of the scale."""
    options = write_options(call, "PatchOptions")
    old = existing(call)
    before = _scale(call, old)
    media = call.headers.get("content-type", "").partition(";")[0].strip()
    try:
        patch = parse_json(call.body).value
        patched = json_patch(before, patch) if media.startswith("application/json-patch") else None
        body = merge_patch(before, patch) if patched is None else patched
    except JsonError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    except PatchError as error:
        text = "the server rejected our request due to an error in our request"
        raise Failure(422, "Invalid", text, {}) from error
    version = body["metadata"].get("resourceVersion")
    return _rescale(call, old, body, version, options)


def _rescale(call: Call, old: Obj, body: Obj, version: str | None, options: Any) -> Reply:
    kind = the_kind(call)
    replicas = (body.get("spec") or {}).get("replicas") or 0
    if not isinstance(replicas, int) or replicas < 0:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        details = {
            "name": call.route.name,
            "group": "autoscaling",
            "kind": "Scale",
            "causes": [{"reason": "FieldValueInvalid", "message": text, "field": "spec.replicas"}],
        }
        message = f'Scale.autoscaling "{call.route.name}" is invalid: spec.replicas: {text}'
        raise Failure(422, "Invalid", message, details)
    if version and version != old["metadata"]["resourceVersion"]:
        raise stale_write(kind, call.route.name)
    new = copy.deepcopy(old)
    target: Obj = new
    *parents, last = _scale_paths(call)[0]
    for part in parents:
        target = target.setdefault(part, {})
    target[last] = replicas
    stored = update_checked(call, kind, old, new, options, keep_status)
    return object_reply(call, _SCALE, _scale(call, stored))


async def evict(call: Call) -> Reply:
    """POST of an eviction: a delete that disruption budgets may refuse.

    Raises:
        Failure: 404, no such pod; 429, a budget does not allow it.
    """
    kind = the_kind(call)
    body = decoded_body(call, kind, "Eviction").value
    name = (body.get("metadata") or {}).get("name")
    if name and name != call.route.name:
        raise bad_request("name in URL does not match name in Eviction object")
    pod = existing(call)
    options = delete_options_of(body.get("deleteOptions") or {})
    if pod.get("status", {}).get("phase") not in ("Pending", "Succeeded", "Failed"):
        _check_budgets(call, pod)
    if call.param("dryRun") != "All" and not (body.get("deleteOptions") or {}).get("dryRun"):
        check_preconditions(kind, pod, options)
        _note_disruption(call, pod)
        call.storage.request_delete(
            kind,
            call.route.namespace or "",
            call.route.name,
            grace_seconds=options.grace_seconds,
            uid=options.uid,
        )
    success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return Reply(201, {**success, "code": 201})


def _note_disruption(call: Call, pod: Obj) -> None:
    condition = {
        "type": "DisruptionTarget",
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(call.backend.clock.now()),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }

    def change(obj: Obj) -> None:
        status = obj.setdefault("status", {})
        rest = [c for c in status.get("conditions") or () if c["type"] != "DisruptionTarget"]
        status["conditions"] = [*rest, condition]

    meta = pod["metadata"]
    call.storage.modify(kind_of("pods"), meta["namespace"], meta["name"], change)


def _check_budgets(call: Call, pod: Obj) -> None:
    labels = pod["metadata"].get("labels") or {}
    kind = kind_of("poddisruptionbudgets", "policy")
    for budget in call.storage.list(kind, call.route.namespace):
        if not selector_matcher(budget.get("spec", {}).get("selector"))(labels):
            continue
        status = budget.get("status", {})
        if status.get("disruptionsAllowed", 0) > 0:
            _take_disruption(call, budget, pod)
            continue
        name = budget["metadata"]["name"]
        needed, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        text = (
            f"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently"
        )
        details = {"causes": [{"reason": "DisruptionBudget", "message": text}]}
        message = "Cannot evict pod as it would violate the pod's disruption budget."
        raise Failure(429, "TooManyRequests", message, details)


def _take_disruption(call: Call, budget: Obj, pod: Obj) -> None:
    now = timestamp(call.backend.clock.now())

    def take(obj: Obj) -> None:
        status = obj["status"]
        status["disruptionsAllowed"] -= 1
        status.setdefault("disruptedPods", {})[pod["metadata"]["name"]] = now

    meta = budget["metadata"]
    kind = kind_of("poddisruptionbudgets", "policy")
    call.storage.modify(kind, meta["namespace"], meta["name"], take)


async def bind(call: Call) -> Reply:
    """POST of a binding: the pod gets its node.

    Raises:
        Failure: 404, no such pod; 409, it has a node already.
    """
    pods = kind_of("pods")
    body = decoded_body(call, pods, "Binding").value
    name = call.route.name or (body.get("metadata") or {}).get("name", "")
    namespace = call.route.namespace or ""
    pod = call.storage.get(pods, namespace, name)
    if pod is None:
        raise not_found(pods, name)
    node = (body.get("target") or {}).get("name", "")
    if not node:
        text = "Required value"
        details = {
            "name": name,
            "kind": "Binding",
            "causes": [{"reason": "FieldValueRequired", "message": text, "field": "target.name"}],
        }
        raise Failure(422, "Invalid", f'Binding "{name}" is invalid: target.name: {text}', details)
    if pod["spec"].get("nodeName"):
        present = pod["spec"]["nodeName"]
        raise _already_bound(name, present)

    now = timestamp(call.backend.clock.now())

    def assign(new: Obj) -> None:
        new["spec"]["nodeName"] = node
        conditions = new["status"].setdefault("conditions", [])
        conditions[:] = [entry for entry in conditions if entry["type"] != "PodScheduled"]
        conditions.append({"type": "PodScheduled", "status": "True", "lastTransitionTime": now})

    call.storage.modify(pods, namespace, name, assign)
    success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return Reply(201, {**success, "code": 201})


def _already_bound(name: str, node: str) -> Failure:
    message = (
        f'Operation cannot be fulfilled on pods/binding "{name}": '
        f'pod {name} is already assigned to node "{node}"'
    )
    return Failure(409, "Conflict", message, {"name": name, "kind": "pods/binding"})


def _ephemeral_only(new: Obj, old: Obj | None) -> None:
    if old is None:
        return
    wanted = new.get("spec", {}).get("ephemeralContainers")
    new.clear()
    new.update(copy.deepcopy(old))
    if wanted:
        new["spec"]["ephemeralContainers"] = wanted


async def patch_ephemeral_containers(call: Call) -> Reply:
    """PATCH of ephemeralcontainers: debugging containers join a running pod."""
    return await patch_with(call, _ephemeral_only)


async def replace_ephemeral_containers(call: Call) -> Reply:
    """PUT of ephemeralcontainers."""
    return await _replace_part(call, _ephemeral_only)


def _resources_only(new: Obj, old: Obj | None) -> None:
    if old is None:
        return
    wanted = {
        container["name"]: container.get("resources", {})
        for container in new.get("spec", {}).get("containers") or ()
    }
    new.clear()
    new.update(copy.deepcopy(old))
    for container in new["spec"]["containers"]:
        container["resources"] = wanted.get(container["name"], container.get("resources", {}))


def _resizing(call: Call) -> Callable[[Obj, Obj | None], None]:
    """Only resources change, and not beyond what the node has."""

    def shape(new: Obj, old: Obj | None) -> None:
        _resources_only(new, old)
        node = call.storage.get(kind_of("nodes"), "", new["spec"].get("nodeName") or "")
        if node is not None:
            _check_node_has(new, node)

    return shape


def _check_node_has(pod: Obj, node: Obj) -> None:
    """Follows the NodeCapacity check of pod resizes; CPU is counted in thousandths."""
    wanted = total_resources(pod["spec"]["containers"], "requests")
    allocatable = node.get("status", {}).get("allocatable") or {}
    for name, scale in (("cpu", 1000), ("memory", 1)):
        if name not in wanted or name not in allocatable:
            continue
        requested = int(quantity(wanted[name]) * scale)
        there_are = int(quantity(allocatable[name]) * scale)
        if requested > there_are:
            own = pod["metadata"]["name"]
            failure = forbidden(
                f'pods "{own}" is forbidden: node didn\'t have enough allocatable resources: '
                f"{name}, requested: {requested}, allocatable: {there_are}",
                {"name": own, "kind": "pods", "causes": [{"reason": "NodeCapacity"}]},
            )
            failure.headers = {}
            raise failure


async def patch_resize(call: Call) -> Reply:
    """PATCH of resize: other resources for running containers."""
    return await patch_with(call, _resizing(call))


async def replace_resize(call: Call) -> Reply:
    """PUT of resize."""
    return await _replace_part(call, _resizing(call))


async def _replace_part(call: Call, shape: Any) -> Reply:
    kind = the_kind(call)
    options = write_options(call, "UpdateOptions")
    obj = checked_object(call, kind, decoded_body(call, kind), options)
    stored = update_checked(call, kind, existing(call), obj, options, shape)
    return object_reply(call, kind, stored)


async def finalize_namespace(call: Call) -> Reply:
    """PUT of finalize: the namespace's own finalizers."""
    kind = the_kind(call)
    body = decoded_body(call, kind).value
    old = existing(call)
    new = copy.deepcopy(old)
    finalizers = (body.get("spec") or {}).get("finalizers") or []
    new["spec"] = {"finalizers": finalizers} if finalizers else {}
    return Reply(body=presented(kind, call.storage.update(kind, new)))
