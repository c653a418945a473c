"""Jobs: pods until enough of them succeeded, or too many failed."""

from __future__ import annotations

from datetime import timedelta

from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import (
    PODS,
    controller_of,
    is_active,
    is_ready,
    owned_pods,
    pod_from_template,
)
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.work_queue import Key, WorkQueue

JOBS = kind_of("jobs", "batch")
TRACKING = "batch.kubernetes.io/job-tracking"
FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 600.0
BATCH = 1.0
"""Ends of pods are looked at once in so many seconds."""


class JobController:
    """Runs jobs to completion."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A job or one of its pods changed."""
        key = event.kind.storage_key
        if key == JOBS.storage_key:
            if event.type == "DELETED":
                return
            self._queue.add(key_of(event.obj))
        elif key == PODS.storage_key:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "Job":
                place = (event.obj["metadata"]["namespace"], owner["name"])
                self._queue.add_after(place, BATCH)
                if event.type == "DELETED" or event.obj["metadata"].get("deletionTimestamp"):
                    self._release(event.obj)

    def _sync(self, key: Key) -> None:
        job = self._storage.get(JOBS, *key)
        if job is None:
            return
        status = job.get("status") or {}
        if job["metadata"].get("deletionTimestamp"):
            for pod in owned_pods(self._storage, job):
                self._release(pod)
        elif _finished(status):
            self._collect_late(job)
        elif job["spec"].get("suspend"):
            self._suspend(job)
        elif not status.get("startTime"):
            self._begin(job)
        else:
            self._go_on(job)

    def _collect_late(self, job: Obj) -> None:
        for pod in owned_pods(self._storage, job):
            self._release(pod)
        lifetime = job["spec"].get("ttlSecondsAfterFinished")
        if lifetime is None:
            return
        ended = next(
            c["lastTransitionTime"]
            for c in job["status"]["conditions"]
            if c["type"] in ("Complete", "Failed") and c["status"] == "True"
        )
        due = parse_timestamp(ended) + timedelta(seconds=lifetime)
        left = (due - self._clock.now()).total_seconds()
        if left > 0:
            self._queue.add_after(key_of(job), left + 0.05)
        else:
            self._storage.request_delete(JOBS, *key_of(job), propagation="Foreground")

    def _begin(self, job: Obj) -> None:
        created = self._create_pods(job, self._missing(job, 0, 0))
        self._write(
            job,
            {
                "startTime": timestamp(self._clock.now()),
                "active": created,
                "terminating": 0,
                "uncountedTerminatedPods": {},
                "ready": 0,
            },
        )
        deadline = job["spec"].get("activeDeadlineSeconds")
        if deadline:
            self._clock.call_later(deadline + 0.05, lambda: self._queue.add(key_of(job)))

    def _suspend(self, job: Obj) -> None:
        for pod in owned_pods(self._storage, job):
            if is_active(pod):
                self._release(pod)
                self._storage.request_delete(PODS, *key_of(pod))
        if _condition_of(job, "Suspended") != "True":
            now = timestamp(self._clock.now())
            condition = _condition("Suspended", "JobSuspended", "Job suspended", now)
            self._write(job, {"conditions": [condition]})
            self._say(job, "Suspended", "Job suspended")

    def _go_on(self, job: Obj) -> None:
        status = job["status"]
        pods = owned_pods(self._storage, job)
        active = [pod for pod in pods if is_active(pod)]
        new = [pod for pod in pods if not is_active(pod) and _is_tracked(pod) and _phase(pod)]
        succeeded = status.get("succeeded", 0) + sum(_phase(pod) == "Succeeded" for pod in new)
        failed = status.get("failed", 0) + sum(_phase(pod) == "Failed" for pod in new)
        wanted = job["spec"].get("completions")
        verdict = self._verdict(job, succeeded, failed, active)
        if new:
            self._count(job, new, verdict)
        counts: Obj = {
            "active": 0 if verdict else len(active),
            "succeeded": succeeded,
            "failed": failed,
        }
        counts["terminating"] = sum(
            bool(pod["metadata"].get("deletionTimestamp")) for pod in pods if pod not in new
        )
        counts["ready"] = sum(is_ready(pod) for pod in active)
        if verdict:
            self._finish(job, active, counts, *verdict)
            return
        missing = self._missing(job, len(active), succeeded)
        delay = self._backoff_left(job, failed)
        if missing and delay > 0:
            self._queue.add_after(key_of(job), delay)
        elif missing:
            counts["active"] += self._create_pods(job, missing)
        elif wanted and len(active) > wanted - succeeded:
            for pod in active[wanted - succeeded :]:
                self._release(pod)
                self._storage.request_delete(PODS, *key_of(pod))
        self._write(job, {**counts, "uncountedTerminatedPods": {}})

    def _verdict(
        self, job: Obj, succeeded: int, failed: int, active: list[Obj]
    ) -> tuple[str, str, str] | None:
        """Condition, reason and message when the job is over."""
        spec = job["spec"]
        if failed > spec.get("backoffLimit", 6):
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        restarts = sum(
            status["restartCount"]
            for pod in active
            for status in pod.get("status", {}).get("containerStatuses") or ()
        )
        if spec["template"]["spec"].get("restartPolicy") == "OnFailure" and restarts > spec.get(
            "backoffLimit", 6
        ):
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        deadline = spec.get("activeDeadlineSeconds")
        started = parse_timestamp(job["status"]["startTime"])
        if deadline and (self._clock.now() - started).total_seconds() >= deadline:
            return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        wanted = spec.get("completions")
        if succeeded >= (wanted or 1) and (wanted or not active):
            return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
        return None

    def _count(self, job: Obj, new: list[Obj], verdict: tuple[str, str, str] | None) -> None:
        """Finished pods are first noted, then counted, so that none is lost or counted twice."""
        noted: dict[str, list[str]] = {}
        for pod in new:
            word = "succeeded" if _phase(pod) == "Succeeded" else "failed"
            noted.setdefault(word, []).append(pod["metadata"]["uid"])
        changes: Obj = {
            "uncountedTerminatedPods": noted,
            "active": sum(map(is_active, owned_pods(self._storage, job))),
        }
        if verdict:
            kind, reason, message = verdict
            target = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
            condition = _condition(target, reason, message, timestamp(self._clock.now()))
            changes["conditions"] = [*(job["status"].get("conditions") or ()), condition]
        self._write(job, changes)
        for pod in new:
            self._release(pod)

    def _finish(
        self, job: Obj, active: list[Obj], counts: Obj, kind: str, reason: str, message: str
    ) -> None:
        for pod in active:
            self._release(pod)
            self._storage.request_delete(PODS, *key_of(pod))
        stored = self._storage.get(JOBS, *key_of(job))
        if stored is None:
            return
        now = timestamp(self._clock.now())
        conditions = list(stored["status"].get("conditions") or ())
        target = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        if not any(each["type"] == target for each in conditions):
            conditions.append(_condition(target, reason, message, now))
        changes = {
            "conditions": [*conditions, _condition(kind, reason, message, now)],
            **counts,
            "uncountedTerminatedPods": {},
        }
        if kind == "Complete":
            changes["completionTime"] = now
            self._say(job, "Completed", "Job completed")
        else:
            self._say(job, reason, message, warning=True)
        self._write(job, changes)

    def _missing(self, job: Obj, active: int, succeeded: int) -> int:
        spec = job["spec"]
        parallelism = spec.get("parallelism", 1)
        wanted = spec.get("completions")
        if wanted is None:
            return 0 if succeeded else int(max(parallelism - active, 0))
        return int(max(min(parallelism, wanted - succeeded) - active, 0))

    def _backoff_left(self, job: Obj, failed: int) -> float:
        if not failed:
            return 0.0
        ends = [
            parse_timestamp(state["terminated"]["finishedAt"])
            for pod in owned_pods(self._storage, job)
            if _phase(pod) == "Failed"
            for status in pod["status"].get("containerStatuses") or ()
            for state in [status["state"]]
            if "terminated" in state
        ]
        if not ends:
            return 0.0
        backoff = min(FIRST_BACKOFF * 2 ** (failed - 1), LONGEST_BACKOFF)
        due = max(ends) + timedelta(seconds=backoff)
        return (due - self._clock.now()).total_seconds()

    def _create_pods(self, job: Obj, count: int) -> int:
        indexed = job["spec"].get("completionMode") == "Indexed"
        for _ in range(count):
            pod = pod_from_template(job, job["spec"]["template"])
            pod["metadata"]["finalizers"] = [TRACKING]
            if indexed:
                self._give_index(job, pod)
            stored = self._storage.create(PODS, pod)
            self._say(job, "SuccessfulCreate", f"Created pod: {stored['metadata']['name']}")
        return count

    def _give_index(self, job: Obj, pod: Obj) -> None:
        label = "batch.kubernetes.io/job-completion-index"
        taken = {
            (each["metadata"].get("annotations") or {}).get(label)
            for each in owned_pods(self._storage, job)
            if is_active(each) or _phase(each) == "Succeeded"
        }
        index = next(str(i) for i in range(10_000) if str(i) not in taken)
        pod["metadata"].setdefault("annotations", {})[label] = index
        pod["metadata"]["labels"][label] = index
        pod["metadata"]["generateName"] = f"{job['metadata']['name']}-{index}-"
        pod["spec"]["hostname"] = f"{job['metadata']['name']}-{index}"
        for container in pod["spec"]["containers"]:
            container.setdefault("env", []).append({"name": "JOB_COMPLETION_INDEX", "value": index})

    def _release(self, pod: Obj) -> None:
        """Take the finalizer away: the pod may go."""

        def change(obj: Obj) -> None:
            finalizers = [f for f in obj["metadata"].get("finalizers") or () if f != TRACKING]
            obj["metadata"]["finalizers"] = finalizers
            if not finalizers:
                del obj["metadata"]["finalizers"]

        if _is_tracked(pod):
            self._storage.modify(PODS, *key_of(pod), change)

    def _write(self, job: Obj, changes: Obj) -> None:
        def change(obj: Obj) -> None:
            merged = {**(obj.get("status") or {}), **changes}
            zeros = ("active", "succeeded", "failed")
            obj["status"] = {
                name: merged[name]
                for name in _STATUS_ORDER
                if name in merged and not (name in zeros and not merged[name])
            }

        self._storage.modify(JOBS, *key_of(job), change)

    def _say(self, job: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._events.record(job, reason, message, component="job-controller", warning=warning)


_STATUS_ORDER = (
    "conditions",
    "startTime",
    "completionTime",
    "active",
    "succeeded",
    "failed",
    "terminating",
    "uncountedTerminatedPods",
    "ready",
)


def _phase(pod: Obj) -> str:
    phase = pod.get("status", {}).get("phase", "")
    return phase if phase in ("Succeeded", "Failed") else ""


def _is_tracked(pod: Obj) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def _finished(status: Obj) -> bool:
    return any(
        each["type"] in ("Complete", "Failed") and each["status"] == "True"
        for each in status.get("conditions") or ()
    )


def _condition_of(job: Obj, kind: str) -> str:
    for each in (job.get("status") or {}).get("conditions") or ():
        if each["type"] == kind:
            return str(each["status"])
    return ""


def _condition(kind: str, reason: str, message: str, now: str) -> Obj:
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }
