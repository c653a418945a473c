"""Objects made again as a recording shows them, by the requests that a user would have sent."""

from __future__ import annotations

import copy

from tests.conformance.manifests import Obj, config_map, for_create
from tests.conformance.place import Place
from tests.conformance.stage import Stage

_REVISION = "deployment.kubernetes.io/revision"
_MOST_WRITES = 12
_PROPAGATIONS = {"foregroundDeletion": "Foreground", "orphan": "Orphan"}


def make(stage: Stage, place: Place, recorded: Obj, own_writes: int = 0) -> None:
    """Create the object, and bring it to where the recording has it.

    `own_writes` is how many of its generations the recorded request itself is about to make.
    """
    meta = recorded.get("metadata") or {}
    stage.need_namespace(place.namespace)
    if place.plural == "namespaces":
        _make_namespace(stage, place, recorded)
        return
    if place.is_custom:
        generation = int(meta.get("generation") or 1) - own_writes
        make_custom(stage, place, recorded, generation)
    else:
        body = for_create(recorded)
        body["metadata"]["name"] = place.name
        stage.post(place.collection, body)
    stage.changed_at = stage.now
    if place.plural == "pods":
        phase = (recorded.get("status") or {}).get("phase", "Running")
        stage.until(lambda: _status(stage, place).get("phase") == phase)
    if "deletionTimestamp" in meta:
        if place.plural == "deployments":
            wait_for_deployment(stage, place.path)
        going = [
            _PROPAGATIONS[name] for name in meta.get("finalizers") or () if name in _PROPAGATIONS
        ]
        stage.delete(place.path, **({"propagationPolicy": going[0]} if going else {}))
        stage.changed_at = stage.now


def wait_for_deployment(stage: Stage, path: str) -> None:
    """Until all its pods are ready."""

    def is_ready() -> bool:
        found = stage.get(path) or {"spec": {}}
        ready = (found.get("status") or {}).get("readyReplicas", 0)
        return bool(ready == found["spec"].get("replicas", 1))

    stage.until(is_ready)


def _status(stage: Stage, place: Place) -> Obj:
    return (stage.get(place.path) or {}).get("status") or {}


def _make_namespace(stage: Stage, place: Place, recorded: Obj) -> None:
    stage.make_namespace(place.name)
    if "Terminating" in str(recorded):
        held = config_map("held", {})
        held["metadata"]["finalizers"] = ["example.com/hold"]
        stage.post(f"{place.path}/configmaps", held)
        stage.delete(place.path)
        if recorded.get("spec") == {}:
            stage.put(f"{place.path}/finalize", {"metadata": {"name": place.name}})
        stage.changed_at = stage.now


def make_custom(stage: Stage, place: Place, recorded: Obj, generation: int) -> None:
    """A custom object that was written so often that it has this generation."""
    stage.remove_for_good(place.path)
    body = for_create(recorded)
    body["metadata"]["name"] = place.name
    status = body.pop("status", None)
    is_apart = status is None or has_status_part(stage, place)
    whole = body if is_apart else {**body, "status": status}
    last = max(min(generation, _MOST_WRITES), 1)
    for number in range(1, last + 1):
        form = whole if number == last else _otherwise(body, number)
        if number == 1:
            stage.post(place.collection, form)
        else:
            current = stage.get(place.path) or {"metadata": {}}
            version = current["metadata"].get("resourceVersion")
            meta = {**form["metadata"], "resourceVersion": version}
            stage.put(place.path, {**form, "metadata": meta})
    if status is not None and is_apart:
        stage.merge(f"{place.path}/status", {"status": status})


def has_status_part(stage: Stage, place: Place) -> bool:
    """Whether the status of a custom kind is a subresource."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    definition = stage.get(f"{path}/{place.plural}.{place.group}") or {"spec": {"versions": []}}
    versions = definition["spec"]["versions"]
    return any("status" in (each.get("subresources") or {}) for each in versions)


def _otherwise(body: Obj, number: int) -> Obj:
    """The object with something else in it: a count in its spec, and a field of its own."""
    other = copy.deepcopy(body)
    other["unseen"] = number
    spec = other.get("spec")
    for key, value in (spec if isinstance(spec, dict) else {}).items():
        if isinstance(value, int) and not isinstance(value, bool):
            other["spec"][key] = 1 + (value + number) % 3 if value < 4 else 1 + number % 3
            break
    return other


def write_something(stage: Stage, place: Place, before: Obj, number: int) -> None:
    """A write that counts as a new generation and, where the revisions grow, as a rollout."""
    current = stage.get(place.path)
    if current is None or place.plural != "deployments":
        return
    annotations = current["metadata"].get("annotations") or {}
    wanted = (before["metadata"].get("annotations") or {}).get(_REVISION, "1")
    if int(annotations.get(_REVISION, "1")) + 1 < int(wanted):
        template = current["spec"]["template"].setdefault("metadata", {})
        template.setdefault("annotations", {})["unseen"] = str(number)
    else:
        current["spec"]["revisionHistoryLimit"] = 11 + number
    stage.put(place.path, current)
    stage.advance(0.1)
