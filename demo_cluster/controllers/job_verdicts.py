"""What a job has come to: which pods count, whether it is over and why, its indexes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo_cluster.kinds import Obj
from demo_cluster.timestamps import parse_timestamp, timestamp

INDEX = "batch.kubernetes.io/job-completion-index"
FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 600.0
_TARGETS = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The job is over, or will be when its pods have ended."""

    kind: str
    """Complete or Failed."""
    reason: str
    message: str

    @property
    def target(self) -> str:
        """The condition that is told before the pods have ended."""
        return _TARGETS[self.kind]


_TOO_MANY = Verdict("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
_TOO_LATE = Verdict("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
_REACHED = Verdict("Complete", "CompletionsReached", "Reached expected number of succeeded pods")


def phase_of_end(pod: Obj) -> str:
    """Succeeded or Failed; empty while it has not ended."""
    phase = pod.get("status", {}).get("phase", "")
    return phase if phase in ("Succeeded", "Failed") else ""


def has_ended(job: Obj, pod: Obj) -> bool:
    """Whether it counts as ended: one that is being deleted does, unless the job waits for it."""
    waits = job["spec"].get("podReplacementPolicy") == "Failed"
    return bool(phase_of_end(pod)) or bool(pod["metadata"].get("deletionTimestamp") and not waits)


def is_over(job: Obj) -> bool:
    """Its last condition has been written."""
    return any(
        each["type"] in _TARGETS and each["status"] == "True"
        for each in (job.get("status") or {}).get("conditions") or ()
    )


def verdict_of(
    job: Obj, succeeded: int, failed: int, active: Sequence[Obj], now: datetime
) -> Verdict | None:
    """Whether the job is over with these counts."""
    told = _told(job)
    if told is not None:
        return told
    spec = job["spec"]
    limit = spec.get("backoffLimit", 6)
    if failed > limit:
        return _TOO_MANY
    if spec["template"]["spec"].get("restartPolicy") == "OnFailure":
        restarts = sum(
            status["restartCount"]
            for pod in active
            for status in pod.get("status", {}).get("containerStatuses") or ()
        )
        if restarts > limit or (restarts and not limit):
            return _TOO_MANY
    started = (job.get("status") or {}).get("startTime")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline and started and (now - parse_timestamp(started)).total_seconds() >= deadline:
        return _TOO_LATE
    wanted = spec.get("completions")
    if wanted is None:
        return _REACHED if succeeded and not active else None
    return _REACHED if succeeded >= wanted else None


def _told(job: Obj) -> Verdict | None:
    kinds = {target: kind for kind, target in _TARGETS.items()}
    for each in (job.get("status") or {}).get("conditions") or ():
        if each["type"] in kinds and each["status"] == "True":
            return Verdict(kinds[each["type"]], each["reason"], each["message"])
    return None


def missing_pods(job: Obj, active: int, succeeded: int) -> int:
    """How many pods are to be made; negative: to be deleted."""
    spec = job["spec"]
    parallelism = int(spec.get("parallelism", 1))
    wanted = spec.get("completions")
    if wanted is None:
        target = active if succeeded else parallelism
        return min(target, parallelism) - active if active > parallelism else target - active
    return min(parallelism, int(wanted) - succeeded) - active


def backoff_left(failed: int, ended: Iterable[Obj], now: datetime) -> float:
    """Seconds until a pod may replace the last one that failed."""
    ends = [moment for pod in ended if (moment := _failed_at(pod)) is not None]
    if not failed or not ends:
        return 0.0
    backoff = min(FIRST_BACKOFF * 2 ** min(failed - 1, 20), LONGEST_BACKOFF)
    return (max(ends) + timedelta(seconds=backoff) - now).total_seconds()


def _failed_at(pod: Obj) -> datetime | None:
    if phase_of_end(pod) != "Failed":
        return None
    moments = [
        parse_timestamp(state["terminated"]["finishedAt"])
        for status in pod["status"].get("containerStatuses") or ()
        for state in [status["state"]]
        if "terminated" in state
    ]
    return max(moments, default=None)


def condition(kind: str, reason: str, message: str, now: datetime, status: str = "True") -> Obj:
    """A condition of a job that begins now."""
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
        "reason": reason,
        "message": message,
    }


def suspension(job: Obj, now: datetime) -> tuple[list[Obj], str]:
    """The conditions with what pausing or resuming says, and the event's reason ("" = no news)."""
    conditions: list[Obj] = list((job.get("status") or {}).get("conditions") or ())
    present = next((each for each in conditions if each["type"] == "Suspended"), None)
    is_suspended = bool(job["spec"].get("suspend"))
    told = present is not None and present["status"] == "True"
    if is_suspended == told:
        return conditions, ""
    word = "Suspended" if is_suspended else "Resumed"
    status = "True" if is_suspended else "False"
    news = condition("Suspended", f"Job{word}", f"Job {word.lower()}", now, status)
    kept = [news if each is present else each for each in conditions]
    return (kept if present else [*conditions, news]), word


def index_of(pod: Obj) -> int | None:
    """The completion index of a pod."""
    text = (pod["metadata"].get("annotations") or {}).get(INDEX)
    return int(text) if text is not None and text.isdigit() else None


def ranges_text(indexes: Iterable[int]) -> str:
    """`0-2,5`: how completed indexes are written."""
    ranges: list[list[int]] = []
    for index in sorted(set(indexes)):
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ",".join(
        str(first)
        if first == last
        else f"{first}-{last}"
        if last > first + 1
        else f"{first},{last}"
        for first, last in ranges
    )


def indexes_in(text: str) -> set[int]:
    """The indexes that a text like `0-2,5` means."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
