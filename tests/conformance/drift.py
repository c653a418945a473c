"""Changes between two recorded exchanges that no recorded exchange made."""

from __future__ import annotations

import copy
from typing import Any

from tests.conformance.making import has_status_part, make_custom, write_something
from tests.conformance.manifests import Obj, for_create
from tests.conformance.place import Place
from tests.conformance.result import Exchange
from tests.conformance.stage import Stage

_NOT_USERS = ("apiVersion", "kind", "metadata", "status")
_USERS_META = ("labels", "annotations", "finalizers")
_REVISION = "deployment.kubernetes.io/revision"
_MOST_WRITES = 12


class Drift:
    """Brings an object to where the recording has it, when the recording went on without us."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: dict[str, tuple[str, int]] = {}
        self._scaled: dict[str, str] = {}

    def learn(self, recorded: Obj) -> None:
        """The recording has shown this form of the object."""
        meta = recorded["metadata"]
        if "uid" not in meta:
            return
        if recorded.get("kind") == "Scale":
            self._scaled[meta["uid"]] = str(meta.get("resourceVersion"))
            return
        known = self._known.get(meta["uid"], ("", 0))[1]
        generation = int(meta.get("generation") or known)
        self._known[meta["uid"]] = (str(meta.get("resourceVersion")), generation)

    def reconcile(self, place: Place, exchange: Exchange, before: Obj, current: Obj) -> None:
        """Make the user's part of `current` what `before` has, where an unseen write changed it."""
        meta = before.get("metadata") or {}
        version, generation = self._known.get(meta.get("uid", ""), ("", 0))
        if version and version == meta.get("resourceVersion"):
            return
        own = self.own_writes(place, exchange, meta)
        recorded_generation = int(meta.get("generation") or 0)
        steps = recorded_generation - int(current["metadata"].get("generation") or 0)
        wanted = _users_part(before)
        if generation and recorded_generation and recorded_generation - generation <= own:
            wanted = {"metadata": wanted["metadata"]}
            steps = 0
        elif exchange["request"]["method"] == "PUT":
            wanted = {}
        if place.plural == "pods":
            self._pod_parts(place, before, current, wanted)
            return
        present = _users_part(current)
        changed = {key: value for key, value in wanted.items() if value != present.get(key)}
        if place.is_custom and (changed or steps > own):
            make_custom(self._stage, place, before, recorded_generation - own)
            return
        if place.is_custom:
            self._custom_status(place, before, current)
            return
        if not changed and steps <= own:
            return
        if "deletionTimestamp" in current["metadata"] or place.plural in ("namespaces", "nodes"):
            return
        if place.plural == "deployments":
            self._stage.until(lambda: _is_noticed(self._stage.get(place.path)), 1.0)
        for number in range(min(max(steps - own - 1, 0), _MOST_WRITES)):
            write_something(self._stage, place, before, number)
        current = self._stage.get(place.path) or current
        self._stage.put(place.path, _with_parts(current, changed))
        if "deletionTimestamp" in meta and exchange["request"]["method"] == "GET":
            self._stage.delete(place.path)
        self._stage.changed_at = self._stage.now

    def own_writes(self, place: Place, exchange: Exchange, meta: Obj) -> int:
        """How many generations of the object the recorded request makes."""
        if place.is_custom and not has_status_part(self._stage, place):
            return int(exchange["request"]["method"] in ("PUT", "PATCH"))
        if "deletionTimestamp" in meta and exchange["request"]["method"] == "DELETE":
            return 1
        return writes_of(exchange)

    def _custom_status(self, place: Place, before: Obj, current: Obj) -> None:
        """Nobody but users writes the status of a custom object."""
        status = before.get("status")
        if status is None or status == current.get("status"):
            return
        if self._stage.merge(f"{place.path}/status", {"status": status}).status == 404:
            self._stage.merge(place.path, {"status": status})

    def _pod_parts(self, place: Place, before: Obj, current: Obj, wanted: Obj) -> None:
        """Pods take changes only through their subresources."""
        stage = self._stage
        spec, here = before.get("spec") or {}, current.get("spec") or {}
        labels = {name: wanted["metadata"].get(name) for name in ("labels", "annotations")}
        if wanted.get("metadata") and labels != {
            name: _users_part(current)["metadata"].get(name) for name in labels
        }:
            stage.put(place.path, _with_parts(current, {"metadata": wanted["metadata"]}))
        debug = spec.get("ephemeralContainers") or []
        if [c["name"] for c in debug] != [c["name"] for c in here.get("ephemeralContainers") or []]:
            stage.wire.send(
                "PATCH",
                f"{place.path}/ephemeralcontainers",
                headers={"Content-Type": "application/strategic-merge-patch+json"},
                body={"spec": {"ephemeralContainers": debug}},
            )
        sizes = [c.get("resources") or {} for c in spec.get("containers") or ()]
        if sizes != [c.get("resources") or {} for c in here.get("containers") or ()]:
            containers = [
                {"name": c["name"], "resources": c.get("resources") or {}}
                for c in spec.get("containers") or ()
            ]
            stage.wire.send(
                "PATCH",
                f"{place.path}/resize",
                headers={"Content-Type": "application/strategic-merge-patch+json"},
                body={"spec": {"containers": containers}},
            )

    def rescale(self, place: Place, shown: Obj, exchange: Exchange) -> None:
        """As many replicas as the scale that an answer shows."""
        meta = shown["metadata"]
        uid = meta.get("uid", "")
        version = self._scaled.get(uid) or self._known.get(uid, ("", 0))[0]
        if version and version == meta.get("resourceVersion"):
            return
        wanted = (shown.get("spec") or {}).get("replicas", 0)
        running = (shown.get("status") or {}).get("replicas", 0)

        def has_come() -> bool:
            return self._scale(place, "status") == running

        if exchange["request"]["method"] != "GET":
            if not place.is_custom and not self._stage.until(has_come, 3.0):
                self._set_scale(place, running)
            return
        if self._scale(place, "spec") != wanted:
            self._set_scale(place, wanted)
        if running > wanted and not place.is_custom and not self._stage.until(has_come, 3.0):
            self._roll_out(place)

    def _scale(self, place: Place, part: str) -> int:
        scale = self._stage.get(f"{place.path}/scale") or {}
        return int((scale.get(part) or {}).get("replicas", 0))

    def _set_scale(self, place: Place, replicas: int) -> None:
        self._stage.merge(f"{place.path}/scale", {"spec": {"replicas": replicas}})
        self._stage.until(lambda: self._scale(place, "status") == replicas, 1.0)

    def _roll_out(self, place: Place) -> None:
        """A new template: for a while there is a pod more than wanted."""
        template = {"metadata": {"annotations": {"unseen": str(self._stage.now)}}}
        self._stage.merge(place.path, {"spec": {"template": template}})


def writes_of(exchange: Exchange) -> int:
    """How many generations of its object the request makes: 1 when it writes more than metadata."""
    request = exchange["request"]
    body = request.get("body")
    if request["method"] not in ("PUT", "PATCH"):
        return 0
    if isinstance(body, dict):
        return int(bool(set(body) - {"metadata", "apiVersion", "kind", "status"}))
    if isinstance(body, list):
        paths = [str(each.get("path", "")) for each in body if isinstance(each, dict)]
        return int(any(not path.startswith(("/metadata", "/status")) for path in paths))
    return 1


def _is_noticed(deployment: Obj | None) -> bool:
    """Its controller has made pods for it."""
    return bool(((deployment or {}).get("status") or {}).get("replicas"))


def _users_part(obj: Obj) -> Obj:
    """What users write: spec, data, ...; of metadata labels, annotations and finalizers."""
    plain = _bare(for_create(obj))
    part = {key: value for key, value in plain.items() if key not in _NOT_USERS}
    meta = plain.get("metadata") or {}
    kept = {name: meta[name] for name in _USERS_META if meta.get(name)}
    finalizers = [name for name in kept.get("finalizers") or () if "/" in name]
    kept = {**kept, "finalizers": finalizers}
    return {**part, "metadata": {name: value for name, value in kept.items() if value}}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if each is not None}
    return [_bare(each) for each in value] if isinstance(value, list) else value


def _with_parts(current: Obj, parts: Obj) -> Obj:
    made = copy.deepcopy(current)
    for key, value in parts.items():
        if key != "metadata":
            made[key] = copy.deepcopy(value)
    meta = made["metadata"]
    for name in _USERS_META if "metadata" in parts else ():
        wanted = parts["metadata"].get(name)
        if name == "annotations" and _REVISION in (meta.get("annotations") or {}):
            wanted = {**(wanted or {}), _REVISION: meta["annotations"][_REVISION]}
        if wanted:
            meta[name] = wanted
        else:
            meta.pop(name, None)
    return made


def before_patch(request: Obj, shown: Obj, current: Obj | None) -> Obj:
    """The answer to a PATCH, with what the patch touched as it is in `current`."""
    before = copy.deepcopy(shown)
    body = request.get("body")
    if isinstance(body, list):
        for operation in body:
            _restore(before, current or {}, str(operation.get("path", "")).split("/")[1:])
        return before
    if isinstance(body, dict):
        _untouch(before, body, current or {})
    return before


def _restore(before: Any, current: Any, path: list[str]) -> None:
    if not path or not isinstance(before, dict):
        return
    head, *rest = path
    head = head.replace("~1", "/").replace("~0", "~")
    if not rest or not isinstance(before.get(head), dict):
        if isinstance(current, dict) and head in current:
            before[head] = copy.deepcopy(current[head])
        elif not rest:
            before.pop(head, None)
        return
    _restore(before[head], current.get(head) if isinstance(current, dict) else None, rest)


def _untouch(before: Obj, patch: Obj, current: Obj) -> None:
    for key, value in patch.items():
        if key in ("apiVersion", "kind", "name", "namespace") or key.startswith("$"):
            if key == "$patch":
                before.clear()
                before.update(copy.deepcopy(current))
                return
            continue
        here = current.get(key)
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            _untouch(before[key], value, here if isinstance(here, dict) else {})
            if not before[key] and key not in current:
                del before[key]
        elif isinstance(before.get(key), list) and _are_named(value) and current:
            _untouch_items(before[key], value, here if isinstance(here, list) else [])
            if not before[key] and key not in current:
                del before[key]
        elif key in current:
            before[key] = copy.deepcopy(here)
        elif not isinstance(value, list):
            before.pop(key, None)


def _are_named(items: Any) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, dict) and "name" in item for item in items
    )


def _untouch_items(before: list[Any], patch: list[Any], current: list[Any]) -> None:
    """Items that a strategic patch merges by name."""
    for change in patch:
        name = change["name"]
        item = next((each for each in before if each.get("name") == name), None)
        here = next((each for each in current if each.get("name") == name), None)
        if item is None and here is not None:
            before.append(copy.deepcopy(here))
        elif item is not None and here is None:
            before.remove(item)
        elif item is not None and here is not None:
            _untouch(item, change, here)
