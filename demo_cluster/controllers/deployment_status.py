"""The status of a deployment: counts, conditions, progress. Pure; follows syncRolloutStatus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from demo_cluster.controllers.owned_pods import int_or_percent, set_condition
from demo_cluster.kinds import Obj
from demo_cluster.timestamps import parse_timestamp, timestamp

PROGRESSING, AVAILABLE, FAILURE = "Progressing", "Available", "ReplicaFailure"
NEW_AVAILABLE, TIMED_OUT = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"
NO_DEADLINE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pods a deployment wants, may have beyond that, and may lack meanwhile."""

    wanted: int
    surge: int
    unavailable: int

    @classmethod
    def of(cls, deployment: Obj) -> Limits:
        """From the spec; one pod may be missing when neither is allowed."""
        spec = deployment["spec"]
        wanted: int = spec.get("replicas", 1)
        strategy = spec.get("strategy") or {}
        if strategy.get("type") == "Recreate":
            return cls(wanted, 0, 0)
        rolling = strategy.get("rollingUpdate") or {}
        surge = int_or_percent(rolling.get("maxSurge", "25%"), wanted, round_up=True)
        lacking = int_or_percent(rolling.get("maxUnavailable", "25%"), wanted, round_up=False)
        if not surge and not lacking:
            lacking = 1
        return cls(wanted, surge, min(lacking, wanted))


def condition_of(deployment: Obj, kind: str) -> Obj | None:
    """Its condition of this type."""
    for each in (deployment.get("status") or {}).get("conditions") or ():
        if each["type"] == kind:
            found: Obj = each
            return found
    return None


def new_condition(kind: str, status: str, reason: str, message: str, now: datetime) -> Obj:
    """A condition that begins now."""
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
        "reason": reason,
        "message": message,
    }


def counted(deployment: Obj, sets: list[Obj], new: Obj | None, now: datetime) -> Obj:
    """The counts, and whether enough is available; progress stands as it stood."""

    def total(name: str) -> int:
        return sum(each.get("status", {}).get(name, 0) for each in sets)

    old = deployment.get("status", {})
    available = total("availableReplicas")
    present = sum(each["spec"].get("replicas", 0) for each in sets)
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "replicas": total("replicas"),
        "updatedReplicas": (new or {}).get("status", {}).get("replicas", 0),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(present - available, 0),
    }
    status: Obj = {name: count for name, count in counts.items() if count}
    status["terminatingReplicas"] = total("terminatingReplicas")
    status["conditions"] = _availability(deployment, available, now)
    if old.get("collisionCount"):
        status["collisionCount"] = old["collisionCount"]
    return status


def _availability(deployment: Obj, available: int, now: datetime) -> list[Obj]:
    limits = Limits.of(deployment)
    if available >= limits.wanted - limits.unavailable:
        words = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        text = "Deployment does not have minimum availability."
        words = ("False", "MinimumReplicasUnavailable", text)
    conditions = list(deployment.get("status", {}).get("conditions") or [])
    return set_condition(conditions, new_condition(AVAILABLE, *words, now))


def with_progress(
    deployment: Obj, status: Obj, sets: list[Obj], new: Obj | None, now: datetime
) -> Obj:
    """The status with what is to be said of the rollout: complete, progressing, too late."""
    conditions = status["conditions"]
    current = condition_of(deployment, PROGRESSING)
    is_told = current is not None and current["reason"] == NEW_AVAILABLE
    is_complete = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if not has_deadline(deployment):
        conditions = [each for each in conditions if each["type"] != PROGRESSING]
    elif not (is_complete and is_told):
        conditions = _progress(deployment, status, current, new, now)
    failure = _failure(sets, new)
    if failure is not None:
        conditions = set_condition(conditions, {**failure, "lastUpdateTime": timestamp(now)})
    else:
        conditions = [each for each in conditions if each["type"] != FAILURE]
    return {**status, "conditions": conditions}


def has_deadline(deployment: Obj) -> bool:
    """Whether somebody waits for its progress."""
    return bool(deployment["spec"].get("progressDeadlineSeconds", 600) != NO_DEADLINE)


def _progress(
    deployment: Obj, status: Obj, current: Obj | None, new: Obj | None, now: datetime
) -> list[Obj]:
    conditions: list[Obj] = status["conditions"]
    meta = deployment["metadata"]
    name = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{meta["name"]}"'
    if is_complete(deployment, status):
        text = f"{name} has successfully progressed."
        done = new_condition(PROGRESSING, "True", NEW_AVAILABLE, text, now)
        return set_condition(conditions, done)
    if _moves(deployment.get("status", {}), status):
        text = f"{name} is progressing."
        moved = new_condition(PROGRESSING, "True", "ReplicaSetUpdated", text, now)
        if current is not None and current["status"] == "True":
            moved["lastTransitionTime"] = current["lastTransitionTime"]
        return [*(each for each in conditions if each["type"] != PROGRESSING), moved]
    left = seconds_left(deployment, status, now)
    if left is not None and left <= 0:
        text = f"{name} has timed out progressing."
        late = new_condition(PROGRESSING, "False", TIMED_OUT, text, now)
        return set_condition(conditions, late)
    return conditions


def is_complete(deployment: Obj, status: Obj) -> bool:
    """All pods are of the present template and available, and no others are left."""
    wanted = deployment["spec"].get("replicas", 1)
    names = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == wanted for name in names) and status.get(
        "observedGeneration", 0
    ) >= deployment["metadata"].get("generation", 1)


def _moves(old: Obj, new: Obj) -> bool:
    def outdated(status: Obj) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    names = ("updatedReplicas", "readyReplicas", "availableReplicas")
    grew = any(new.get(name, 0) > old.get(name, 0) for name in names)
    return grew or outdated(new) < outdated(old)


def seconds_left(deployment: Obj, status: Obj, now: datetime) -> float | None:
    """Until the rollout counts as stuck; None when nobody waits for it."""
    current = condition_of({"status": status}, PROGRESSING)
    settled = (NEW_AVAILABLE, PAUSED)
    if current is None or current["reason"] in settled or not has_deadline(deployment):
        return None
    since = parse_timestamp(current["lastUpdateTime"])
    deadline = float(deployment["spec"].get("progressDeadlineSeconds", 600))
    return deadline - (now - since).total_seconds()


def _failure(sets: list[Obj], new: Obj | None) -> Obj | None:
    """A set that cannot make its pods: the new one's word counts first."""
    for each in [*([new] if new else []), *sets]:
        for condition in each.get("status", {}).get("conditions") or ():
            if condition["type"] == FAILURE and condition["status"] == "True":
                found: Obj = condition
                return found
    return None


def paused_condition(deployment: Obj, now: datetime) -> Obj | None:
    """What pausing or resuming says of the progress; None when it is said already."""
    if not has_deadline(deployment):
        return None
    current = condition_of(deployment, PROGRESSING)
    reason = current["reason"] if current else ""
    if reason == TIMED_OUT:
        return None
    is_paused = bool(deployment["spec"].get("paused"))
    if is_paused and reason != PAUSED:
        return new_condition(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", now)
    if not is_paused and reason == PAUSED:
        return new_condition(PROGRESSING, "Unknown", RESUMED, "Deployment is resumed", now)
    return None
