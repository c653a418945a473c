"""What a request to delete does to an object: marks it, or removes it at once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from demo_cluster.json_copy import json_copy
from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import Failure
from demo_cluster.timestamps import parse_timestamp, timestamp

Propagation = Literal["Background", "Foreground", "Orphan"]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
DEFAULT_GRACE_SECONDS = 30
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How a caller wants an object deleted; None = the kind's own way."""

    grace_seconds: int | None = None
    propagation: Propagation | None = None
    uid: str | None = None
    resource_version: str | None = None
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """What becomes of the object: this is its next (or last) form."""

    obj: Obj
    is_removed: bool
    is_changed: bool


def check_preconditions(kind: Kind, obj: Obj, options: DeleteOptions) -> None:
    """Refuse to delete another object than the one that the caller saw.

    Raises:
        Failure: 409, the object has another uid or resourceVersion.
    """
    meta = obj["metadata"]
    if options.uid is not None and options.uid != meta["uid"]:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({meta['uid']}). The object might have been deleted and then recreated"
        )
        raise _failed_precondition(kind, meta["name"], why)
    stale = options.resource_version
    if stale is not None and stale != meta["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({stale}) does not match the "
            f"ResourceVersion in record ({meta['resourceVersion']}). The object might have been "
            "modified"
        )
        raise _failed_precondition(kind, meta["name"], why)


def _failed_precondition(kind: Kind, name: str, why: str) -> Failure:
    message = f'Operation cannot be fulfilled on {kind.kind} "{name}": {why}'
    return Failure(409, "Conflict", message, {"name": name, "kind": kind.kind})


def plan_deletion(kind: Kind, obj: Obj, options: DeleteOptions, now: datetime) -> Deletion:
    """What this request makes of the object. Follows the registry's BeforeDelete."""
    check_preconditions(kind, obj, options)
    after = json_copy(obj)
    meta = after["metadata"]
    grace = _grace_seconds(kind, after, options)
    finalizers = _finalizers(kind, meta.get("finalizers", []), options.propagation)
    if kind.storage_key == _DEFINITIONS and CLEANUP not in finalizers:
        finalizers = [*finalizers, CLEANUP]
    waits = bool(grace) or bool(finalizers) or _has_spec_finalizers(kind, after)
    waits = waits or (kind.storage_key == ("", "namespaces") and "deletionTimestamp" not in meta)
    if not waits:
        if grace is not None:
            _mark(kind, meta, grace, now)
        return Deletion(after, is_removed=True, is_changed=True)
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
    _mark(kind, meta, grace, now)
    if kind.storage_key == _DEFINITIONS and "deletionTimestamp" not in obj["metadata"]:
        text = (
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
        )
        set_terminating(after, "InstanceDeletionPending", text, timestamp(now))
    if kind.storage_key == ("", "namespaces"):
        after.setdefault("status", {})["phase"] = "Terminating"
    return Deletion(after, is_removed=False, is_changed=after != obj)


def set_terminating(definition: Obj, reason: str, message: str, now: str) -> None:
    """The condition that says how far the deletion of a definition's objects has come."""
    conditions = definition.setdefault("status", {}).get("conditions") or []
    condition = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }
    kept = [each for each in conditions if each["type"] != "Terminating"]
    definition["status"]["conditions"] = [*kept, condition]


def is_finished(kind: Kind, obj: Obj) -> bool:
    """Nothing keeps a marked object any longer."""
    meta = obj["metadata"]
    return (
        "deletionTimestamp" in meta
        and not meta.get("finalizers")
        and not meta.get("deletionGracePeriodSeconds")
        and not _has_spec_finalizers(kind, obj)
    )


def _has_spec_finalizers(kind: Kind, obj: Obj) -> bool:
    return kind.storage_key == ("", "namespaces") and bool(obj.get("spec", {}).get("finalizers"))


def _grace_seconds(kind: Kind, obj: Obj, options: DeleteOptions) -> int | None:
    """Grace in seconds; None for kinds that know no grace."""
    if kind.storage_key != ("", "pods"):
        return None
    spec, status = obj.get("spec", {}), obj.get("status", {})
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace_seconds is not None:
        return max(options.grace_seconds, 1) if options.grace_seconds < 0 else options.grace_seconds
    return int(spec.get("terminationGracePeriodSeconds", DEFAULT_GRACE_SECONDS))


def _finalizers(kind: Kind, present: list[str], propagation: Propagation | None) -> list[str]:
    kept = [name for name in present if name not in (FOREGROUND, ORPHAN)]
    if propagation is None:
        if kind.storage_key in _ORPHANS_BY_DEFAULT:
            return [*kept, ORPHAN]
        return list(present)
    if propagation == "Foreground":
        return [*kept, FOREGROUND]
    if propagation == "Orphan":
        return [*kept, ORPHAN]
    return kept


_ORPHANS_BY_DEFAULT = frozenset({("batch", "jobs"), ("", "replicationcontrollers")})


def _mark(kind: Kind, meta: Obj, grace: int | None, now: datetime) -> None:
    """Set deletionTimestamp; a second request can only shorten the grace."""
    marked = "deletionTimestamp" in meta
    if marked and (grace is None or grace >= meta.get("deletionGracePeriodSeconds", 0)):
        return
    if grace is None:
        meta["deletionTimestamp"] = timestamp(now)
        meta["deletionGracePeriodSeconds"] = 0
        if kind.storage_key in (("", "namespaces"), _DEFINITIONS):
            del meta["deletionGracePeriodSeconds"]
    else:
        start = now
        if marked:
            before = timedelta(seconds=meta.get("deletionGracePeriodSeconds", 0))
            start = parse_timestamp(meta["deletionTimestamp"]) - before
        meta["deletionTimestamp"] = timestamp(max(start + timedelta(seconds=grace), now))
        meta["deletionGracePeriodSeconds"] = grace
    if not marked and meta.get("generation") and kind.storage_key != _DEFINITIONS:
        meta["generation"] += 1
