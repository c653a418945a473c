"""What the controllers of pods share: making them from templates, telling which are theirs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Kind, Obj, kind_of
from demo_cluster.store.storage import NAME_LETTERS, Storage
from demo_cluster.timestamps import parse_timestamp

PODS = kind_of("pods")


def controller_of(obj: Obj) -> Obj | None:
    """The owner that controls the object."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            owner: Obj = reference
            return owner
    return None


def owner_reference(owner: Obj) -> Obj:
    """A reference that makes `owner` the controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def matches(selector: Obj | None, labels: Obj | None) -> bool:
    """Whether a LabelSelector selects these labels; an empty one selects all."""
    labels = labels or {}
    selector = selector or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(_holds(each, labels) for each in selector.get("matchExpressions") or ())


def _holds(expression: Obj, labels: Obj) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    operator = expression["operator"]
    if operator == "In":
        return bool(labels.get(key) in values)
    if operator == "NotIn":
        return bool(labels.get(key) not in values)
    return bool((key in labels) == (operator == "Exists"))


def essence(value: Any) -> Any:
    """The value without what means nothing: nulls (`creationTimestamp: null`)."""
    if isinstance(value, dict):
        return {key: essence(each) for key, each in value.items() if each is not None}
    return [essence(each) for each in value] if isinstance(value, list) else value


def template_hash(template: Obj, collisions: int = 0) -> str:
    """A hash of a pod template in the alphabet of generated names."""
    plain = json.dumps(essence(template), sort_keys=True, separators=(",", ":"))
    text = plain + str(collisions or "")
    number = zlib.crc32(text.encode()) | zlib.adler32(text.encode()) << 32
    letters: list[str] = []
    while number and len(letters) < 10:
        number, index = divmod(number, len(NAME_LETTERS))
        letters.append(NAME_LETTERS[index])
    return "".join(letters)


def pod_from_template(
    owner: Obj, template: Obj, *, name: str = "", labels: Obj | None = None
) -> Obj:
    """A pod of the template, controlled by `owner`; without a name it gets a generated one."""
    meta = template.get("metadata") or {}
    identity = {"name": name} if name else {"generateName": owner["metadata"]["name"][:57] + "-"}
    made: Obj = {
        **identity,
        "namespace": owner["metadata"]["namespace"],
        "labels": {**(meta.get("labels") or {}), **(labels or {})},
        "ownerReferences": [owner_reference(owner)],
    }
    for field in ("annotations", "finalizers"):
        if meta.get(field):
            made[field] = json_copy(meta[field])
    return {"metadata": made, "spec": json_copy(template["spec"])}


def owned_pods(storage: Storage, owner: Obj) -> list[Obj]:
    """The pods that `owner` controls."""
    uid = owner["metadata"]["uid"]
    return [
        obj
        for kind, obj in storage.by_owner(uid)
        if kind.storage_key == ("", "pods") and (controller_of(obj) or {}).get("uid") == uid
    ]


def is_active(pod: Obj) -> bool:
    """Neither ended nor about to."""
    phase = pod.get("status", {}).get("phase")
    return phase not in ("Succeeded", "Failed") and not pod["metadata"].get("deletionTimestamp")


def is_terminating(pod: Obj) -> bool:
    """It was told to go and is not gone yet."""
    phase = pod.get("status", {}).get("phase")
    return bool(pod["metadata"].get("deletionTimestamp")) and phase not in ("Succeeded", "Failed")


def ready_condition(pod: Obj) -> Obj | None:
    """Its Ready condition, when it is true."""
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition["type"] == "Ready" and condition["status"] == "True":
            ready: Obj = condition
            return ready
    return None


def is_ready(pod: Obj) -> bool:
    """Its Ready condition is true."""
    return ready_condition(pod) is not None


def available_in(pod: Obj, min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until the pod counts as available: 0 when it does, None while it is not ready."""
    condition = ready_condition(pod)
    if condition is None:
        return None
    if not min_ready_seconds:
        return 0.0
    since = parse_timestamp(condition["lastTransitionTime"])
    left = (since + timedelta(seconds=min_ready_seconds) - now).total_seconds()
    return max(left, 0.0)


def by_uselessness(pods: Iterable[Obj]) -> list[Obj]:
    """Which pods to delete first: not scheduled, pending, not ready, young."""

    def rank(pod: Obj) -> tuple[object, ...]:
        status = pod.get("status", {})
        phases = {"Pending": 0, "Unknown": 1, "Running": 2}
        return (
            bool(pod["spec"].get("nodeName")),
            phases.get(status.get("phase", "Pending"), 0),
            is_ready(pod),
            int(
                (pod["metadata"].get("annotations") or {}).get(
                    "controller.kubernetes.io/pod-deletion-cost", "0"
                )
            ),
            -int(parse_timestamp(pod["metadata"]["creationTimestamp"]).timestamp()),
            pod["metadata"]["name"],
        )

    return sorted(pods, key=rank)


def set_condition(conditions: list[Obj], condition: Obj) -> list[Obj]:
    """The list with this condition in place of the one of its type; changed ones go to the end."""
    old = next((each for each in conditions if each["type"] == condition["type"]), None)
    fields = ("status", "reason", "message")
    if old and all(old.get(field) == condition.get(field) for field in fields):
        return conditions
    if old and old["status"] == condition["status"]:
        condition = {**condition, "lastTransitionTime": old["lastTransitionTime"]}
    rest = [each for each in conditions if each["type"] != condition["type"]]
    return [*rest, condition]


def update_status(storage: Storage, kind: Kind, obj: Obj, status: Obj) -> Obj | None:
    """Write a status when it differs; the object as stored, or None when it is gone."""
    meta = obj["metadata"]

    def change(stored: Obj) -> None:
        stored["status"] = status

    if obj.get("status") == status:
        return obj
    return storage.modify(kind, meta.get("namespace", ""), meta["name"], change, by=CONTROLLERS)


def int_or_percent(value: int | str | None, total: int, *, round_up: bool) -> int:
    """`25%` of the total, or the number."""
    if value is None:
        return 0
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    product = int(text.rstrip("%")) * total
    return -(-product // 100) if round_up else product // 100
