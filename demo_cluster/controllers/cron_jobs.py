"""CronJobs: a job whenever the schedule says so, and a short memory of the last ones."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.clock import Clock
from demo_cluster.controllers.owned_pods import controller_of, owner_reference
from demo_cluster.cron import Schedule, ScheduleError
from demo_cluster.events import EventRecorder
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure
from demo_cluster.store.storage import Storage, StorageEvent, key_of
from demo_cluster.timestamps import parse_timestamp, timestamp
from demo_cluster.work_queue import Key, WorkQueue

CRON_JOBS = kind_of("cronjobs", "batch")
JOBS = kind_of("jobs", "batch")
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class CronJobController:
    """Starts jobs on time."""

    def __init__(self, storage: Storage, clock: Clock, events: EventRecorder) -> None:
        self._storage = storage
        self._clock = clock
        self._events = events
        self._queue = WorkQueue(clock, self._sync)

    def on_event(self, event: StorageEvent) -> None:
        """A cron job or one of its jobs changed."""
        key = event.kind.storage_key
        if key == CRON_JOBS.storage_key and event.type != "DELETED":
            old = event.old or {}
            if old.get("spec") != event.obj["spec"]:
                self._queue.add(key_of(event.obj))
        elif key == JOBS.storage_key and event.type != "ADDED":
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "CronJob" and _verdict(event.obj):
                self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))

    def _sync(self, key: Key) -> None:
        cron = self._storage.get(CRON_JOBS, *key)
        if cron is None or cron["metadata"].get("deletionTimestamp"):
            return
        self._retire_finished(cron)
        cron = self._storage.get(CRON_JOBS, *key)
        if cron is None or cron["spec"].get("suspend"):
            return
        try:
            schedule = Schedule.parse(cron["spec"]["schedule"])
            zone = ZoneInfo(cron["spec"].get("timeZone") or "UTC")
        except (ScheduleError, ZoneInfoNotFoundError) as error:
            self._say(cron, "UnparseableSchedule", f"unparseable schedule: {error}", warning=True)
            return
        self._start_due(cron, schedule, zone)

    def _start_due(self, cron: Obj, schedule: Schedule, zone: ZoneInfo) -> None:
        now = self._clock.now()
        last = (cron.get("status") or {}).get("lastScheduleTime")
        since = parse_timestamp(last or cron["metadata"]["creationTimestamp"])
        due = None
        moment = schedule.next_after(since.astimezone(zone))
        while moment is not None and moment <= now:
            due, moment = moment, schedule.next_after(moment)
        if due is not None and not self._is_too_late(cron, due, now):
            self._start(cron, due)
        if moment is not None:
            wait = (moment - now).total_seconds()
            self._queue.add_after(key_of(cron), max(wait, 0.0) + 0.05)

    @staticmethod
    def _is_too_late(cron: Obj, due: datetime, now: datetime) -> bool:
        deadline = cron["spec"].get("startingDeadlineSeconds")
        return deadline is not None and now - due > timedelta(seconds=deadline)

    def _start(self, cron: Obj, due: datetime) -> None:
        active = (cron.get("status") or {}).get("active") or []
        policy = cron["spec"].get("concurrencyPolicy", "Allow")
        if active and policy == "Forbid":
            self._say(
                cron,
                "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency policy "
                "is Forbid",
            )
            return
        if active and policy == "Replace":
            for each in active:
                self._delete_job(cron, (each["namespace"], each["name"]))
        job = self._job_of(cron, due)
        if self._storage.get(JOBS, *key_of(job)) is not None:
            return
        try:
            stored = self._storage.create(JOBS, job, by=CONTROLLERS)
        except Failure as failure:
            self._say(cron, "FailedCreate", f"Error creating job: {failure.message}", warning=True)
            raise
        meta = stored["metadata"]
        self._say(cron, "SuccessfulCreate", f"Created job {meta['name']}")
        reference = {
            "kind": "Job",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
            "apiVersion": "batch/v1",
            "resourceVersion": meta["resourceVersion"],
        }

        def change(obj: Obj) -> None:
            status = obj.setdefault("status", {})
            status["active"] = [*(status.get("active") or ()), reference]
            status["lastScheduleTime"] = timestamp(due)

        self._storage.modify(CRON_JOBS, *key_of(cron), change, by=CONTROLLERS)

    @staticmethod
    def _job_of(cron: Obj, due: datetime) -> Obj:
        template = cron["spec"]["jobTemplate"]
        meta = template.get("metadata") or {}
        minutes = int(due.timestamp()) // 60
        return {
            "metadata": {
                "name": f"{cron['metadata']['name']}-{minutes}",
                "namespace": cron["metadata"]["namespace"],
                "labels": dict(meta.get("labels") or {}),
                "annotations": {**(meta.get("annotations") or {}), SCHEDULED_AT: timestamp(due)},
                "ownerReferences": [owner_reference(cron)],
            },
            "spec": copy.deepcopy(template["spec"]),
        }

    def _retire_finished(self, cron: Obj) -> None:
        jobs = [
            obj
            for kind, obj in self._storage.by_owner(cron["metadata"]["uid"])
            if kind.storage_key == JOBS.storage_key
        ]
        finished = {each["metadata"]["uid"]: each for each in jobs if _verdict(each)}
        for verdict, field, default in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            done = [each for each in finished.values() if _verdict(each) == verdict]
            done.sort(key=lambda each: each["status"].get("startTime", ""))
            limit = cron["spec"].get(field, default)
            for each in done[: max(len(done) - limit, 0)]:
                self._delete_job(cron, key_of(each))
        for reference in (cron.get("status") or {}).get("active") or ():
            if reference["uid"] in finished:
                self._note_end(cron, finished[reference["uid"]])

    def _note_end(self, cron: Obj, job: Obj) -> None:
        name, verdict = job["metadata"]["name"], _verdict(job)

        def change(obj: Obj) -> None:
            status = obj.setdefault("status", {})
            left = [e for e in status.get("active") or () if e["uid"] != job["metadata"]["uid"]]
            status["active"] = left
            if not left:
                del status["active"]
            if verdict == "Complete":
                status["lastSuccessfulTime"] = job["status"]["completionTime"]

        self._storage.modify(CRON_JOBS, *key_of(cron), change, by=CONTROLLERS)
        self._say(cron, "SawCompletedJob", f"Saw completed job: {name}, condition: {verdict}")

    def _delete_job(self, cron: Obj, key: Key) -> None:
        if self._storage.get(JOBS, *key) is not None:
            self._storage.request_delete(JOBS, *key, propagation="Background")
            self._say(cron, "SuccessfulDelete", f"Deleted job {key[1]}")

    def _say(self, cron: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._events.record(cron, reason, message, component="cronjob-controller", warning=warning)


def _verdict(job: Obj) -> str:
    for each in (job.get("status") or {}).get("conditions") or ():
        if each["type"] in ("Complete", "Failed") and each["status"] == "True":
            return str(each["type"])
    return ""
