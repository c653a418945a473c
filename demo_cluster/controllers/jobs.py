"""Jobs: pods until enough of them succeeded, or too many failed. Follows the job controller."""

from __future__ import annotations

from datetime import timedelta

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.job_verdicts import (
    INDEX,
    Verdict,
    backoff_left,
    condition,
    has_ended,
    index_of,
    indexes_in,
    is_over,
    missing_pods,
    phase_of_end,
    ranges_text,
    suspension,
    verdict_of,
)
from demo_cluster.controllers.owned_pods import (
    PODS,
    by_uselessness,
    controller_of,
    is_active,
    is_ready,
    is_terminating,
    owned_pods,
    pod_from_template,
)
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.work_queue import Key, WorkQueue

JOBS = kind_of("jobs", "batch")
TRACKING = "batch.kubernetes.io/job-tracking"
BATCH = 1.0
"""Changes of pods are looked at once in so many seconds."""


class JobController:
    """Runs jobs to completion."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._queue = WorkQueue(clock, self._sync)
        self._refusal: Failure | None = None
        """Why a pod of the job that is looked at could not be made."""

    def on_event(self, event: StorageEvent) -> None:
        """A job or one of its pods changed."""
        key = event.kind.storage_key
        if key == JOBS.storage_key:
            if event.type != "DELETED":
                self._queue.add(key_of(event.obj))
            else:
                self._release_going(event.obj)
        elif key == PODS.storage_key:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "Job":
                place = (event.obj["metadata"]["namespace"], owner["name"])
                self._queue.add_after(place, BATCH)
                is_going = bool(event.obj["metadata"].get("deletionTimestamp"))
                if is_going and self._storage.get(JOBS, *place) is None:
                    self._release(event.obj)

    def _release_going(self, job: Obj) -> None:
        """Pods that were told to go before their job, and no kubelet knows of, wait for nobody."""
        for pod in owned_pods(self._storage, job):
            if pod["metadata"].get("deletionTimestamp"):
                self._release(pod)

    def _sync(self, key: Key) -> None:
        job = self._storage.get(JOBS, *key)
        if job is None:
            return
        if job["metadata"].get("deletionTimestamp"):
            for pod in owned_pods(self._storage, job):
                self._release(pod)
        elif is_over(job):
            self._collect_late(job)
        else:
            self._refusal = None
            self._go_on(job)
            if self._refusal is not None:
                raise self._refusal

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

    # -- one look

    def _go_on(self, job: Obj) -> None:
        """Count what has ended, make or delete pods, write the status, and say when it is over."""
        now, status = self._clock.now(), job.get("status") or {}
        pods = owned_pods(self._storage, job)
        active = [pod for pod in pods if is_active(pod)]
        new = [pod for pod in pods if _is_tracked(pod) and has_ended(job, pod)]
        succeeded, indexes = self._succeeded(job, new)
        failures = [pod for pod in new if phase_of_end(pod) != "Succeeded"]
        failed = status.get("failed", 0) + len(failures)
        changes: Obj = {"ready": sum(is_ready(pod) for pod in active)}
        if not status.get("startTime") and not job["spec"].get("suspend"):
            changes["startTime"] = timestamp(now)
            self._arm_deadline(job)
        verdict = verdict_of(job, succeeded, failed, active, now)
        if verdict:
            for pod in active:
                self._delete(job, pod)
            changes["active"] = 0
        else:
            changes["active"] = self._manage(job, pods, succeeded, failed)
            changes["conditions"], news = suspension(job, now)
            if news:
                self._say(job, news, f"Job {news.lower()}")
            if news == "Resumed":
                changes["startTime"] = timestamp(now)
        present = owned_pods(self._storage, job)
        changes["terminating"] = sum(map(is_terminating, present))
        if verdict:
            self._note_target(job, verdict, changes)
        if indexes is not None:
            changes["completedIndexes"], changes["succeeded"] = ranges_text(indexes), succeeded
        if new:
            self._count(job, new, changes, is_indexed=indexes is not None)
        changes |= {"succeeded": succeeded, "failed": failed, "uncountedTerminatedPods": {}}
        if verdict and not any(map(is_terminating, owned_pods(self._storage, job))):
            self._finish(job, verdict, changes)
        self._write(job, changes)

    def _succeeded(self, job: Obj, new: list[Obj]) -> tuple[int, set[int] | None]:
        status = job.get("status") or {}
        done = [pod for pod in new if phase_of_end(pod) == "Succeeded"]
        if job["spec"].get("completionMode") != "Indexed":
            return status.get("succeeded", 0) + len(done), None
        indexes = indexes_in(status.get("completedIndexes") or "")
        indexes |= {index for pod in done if (index := index_of(pod)) is not None}
        return len(indexes), indexes

    def _arm_deadline(self, job: Obj) -> None:
        deadline = job["spec"].get("activeDeadlineSeconds")
        if deadline:
            self._clock.call_later(deadline + 0.05, lambda: self._queue.add(key_of(job)))

    def _manage(self, job: Obj, pods: list[Obj], succeeded: int, failed: int) -> int:
        """Make or delete pods; how many are active then."""
        active = [pod for pod in pods if is_active(pod)]
        if job["spec"].get("suspend"):
            for pod in active:
                self._release(pod)
                self._delete(job, pod)
            return 0
        busy = len(active)
        if job["spec"].get("podReplacementPolicy") == "Failed":
            busy += sum(map(is_terminating, pods))
        missing = missing_pods(job, busy, succeeded)
        if missing < 0:
            for pod in by_uselessness(active)[:-missing]:
                self._release(pod)
                self._delete(job, pod)
            return len(active) + missing
        delay = backoff_left(failed, pods, self._clock.now()) if missing else 0.0
        if delay > 0:
            self._queue.add_after(key_of(job), delay)
            return len(active)
        return len(active) + self._create_pods(job, missing, pods)

    def _note_target(self, job: Obj, verdict: Verdict, changes: Obj) -> None:
        conditions = list((job.get("status") or {}).get("conditions") or ())
        if not any(each["type"] == verdict.target for each in conditions):
            now = self._clock.now()
            conditions.append(condition(verdict.target, verdict.reason, verdict.message, now))
        changes["conditions"] = conditions

    def _count(self, job: Obj, new: list[Obj], changes: Obj, *, is_indexed: bool) -> None:
        """Ended pods are first noted, then counted, so that none is lost or counted twice."""
        noted: dict[str, list[str]] = {}
        for pod in new:
            word = "succeeded" if phase_of_end(pod) == "Succeeded" else "failed"
            if word == "failed" or not is_indexed:
                noted.setdefault(word, []).append(pod["metadata"]["uid"])
        self._write(job, {**changes, "uncountedTerminatedPods": noted})
        for pod in new:
            self._release(pod)

    def _finish(self, job: Obj, verdict: Verdict, changes: Obj) -> None:
        now = self._clock.now()
        last = condition(verdict.kind, verdict.reason, verdict.message, now)
        changes["conditions"] = [*changes["conditions"], last]
        if verdict.kind == "Complete":
            changes["completionTime"] = timestamp(now)
            self._say(job, "Completed", "Job completed")
        else:
            self._say(job, verdict.reason, verdict.message, warning=True)

    # -- pods

    def _create_pods(self, job: Obj, count: int, pods: list[Obj]) -> int:
        """How many of them could be made; the first that is refused ends the attempt."""
        free = iter(self._free_indexes(job, pods))
        is_indexed = job["spec"].get("completionMode") == "Indexed"
        for made in range(count):
            pod = pod_from_template(job, job["spec"]["template"])
            pod["metadata"]["finalizers"] = [TRACKING]
            if is_indexed:
                _give_index(job, pod, next(free))
            try:
                stored = self._storage.create(PODS, pod, by=CONTROLLERS)
            except Failure as failure:
                self._say(job, "FailedCreate", f"Error creating: {failure.message}", warning=True)
                self._refusal = failure
                return made
            self._say(job, "SuccessfulCreate", f"Created pod: {stored['metadata']['name']}")
        return count

    def _free_indexes(self, job: Obj, pods: list[Obj]) -> list[int]:
        taken = {index_of(pod) for pod in pods if is_active(pod)}
        taken |= {index_of(pod) for pod in pods if phase_of_end(pod) == "Succeeded"}
        taken |= indexes_in((job.get("status") or {}).get("completedIndexes") or "")
        return [index for index in range(job["spec"].get("completions") or 0) if index not in taken]

    def _delete(self, job: Obj, pod: Obj) -> None:
        self._storage.request_delete(PODS, *key_of(pod))
        self._say(job, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _release(self, pod: Obj) -> None:
        """Take the finalizer away: the pod may go."""

        def change(obj: Obj) -> None:
            finalizers = [f for f in obj["metadata"].get("finalizers") or () if f != TRACKING]
            obj["metadata"]["finalizers"] = finalizers
            if not finalizers:
                del obj["metadata"]["finalizers"]

        if _is_tracked(pod):
            self._storage.modify(PODS, *key_of(pod), change, by=CONTROLLERS)

    # -- the status

    def _write(self, job: Obj, changes: Obj) -> None:
        def change(obj: Obj) -> None:
            merged = {**(obj.get("status") or {}), **changes}
            obj["status"] = {
                name: merged[name]
                for name in _STATUS_ORDER
                if name in merged and (merged[name] or name in _ALWAYS)
            }

        self._storage.modify(JOBS, *key_of(job), change, by=CONTROLLERS)

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
    "completedIndexes",
    "uncountedTerminatedPods",
    "ready",
)
_ALWAYS = frozenset({"terminating", "uncountedTerminatedPods", "ready"})


def _is_tracked(pod: Obj) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def _give_index(job: Obj, pod: Obj, index: int) -> None:
    text, name = str(index), job["metadata"]["name"]
    pod["metadata"].setdefault("annotations", {})[INDEX] = text
    pod["metadata"]["labels"][INDEX] = text
    pod["metadata"]["generateName"] = f"{name}-{index}-"
    pod["spec"].setdefault("hostname", f"{name}-{index}")
    path = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}
    variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": path}}
    for container in [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]:
        container.setdefault("env", []).append(variable)
