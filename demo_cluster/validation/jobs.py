"""Jobs and cron jobs."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

from demo_cluster.cron import Schedule, ScheduleError
from demo_cluster.kinds import Obj
from demo_cluster.schema.internal_form import template_form
from demo_cluster.status import Cause
from demo_cluster.validation.causes import (
    IMMUTABLE,
    invalid,
    not_negative,
    required,
    unsupported,
)
from demo_cluster.validation.pod_spec import template_causes

_NUMBERS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
)
_MODES = ["NonIndexed", "Indexed"]
_POLICIES = ["Allow", "Forbid", "Replace"]


def job_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a job, or with a change of it."""
    if old is None:
        yield from _job_spec(new["spec"], "spec")
    elif new["spec"] != old["spec"]:
        yield from _job_change(new["spec"], old["spec"])


def _job_spec(spec: Obj, path: str) -> Iterator[Cause]:
    yield from not_negative(spec, path, *_NUMBERS)
    mode = spec.get("completionMode")
    if mode is not None:
        if mode not in _MODES:
            yield unsupported(f"{path}.completionMode", mode, _MODES)
        elif mode == "Indexed" and spec.get("completions") is None:
            yield required(f"{path}.completions", "when completion mode is Indexed")
    template = spec.get("template") or {}
    yield from template_causes(template, f"{path}.template")
    if (template.get("spec") or {}).get("restartPolicy") == "Always":
        where = f"{path}.template.spec.restartPolicy"
        yield required(where, 'valid values: "OnFailure", "Never"')


def _job_change(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from not_negative(new, "spec", *_NUMBERS)
    is_elastic = new.get("completionMode") == "Indexed" and new.get("completions") == new.get(
        "parallelism"
    )
    fixed = ["selector", "template", "completionMode"]
    if not is_elastic:
        fixed.insert(0, "completions")
    for name in fixed:
        if new.get(name) != old.get(name):
            value = new.get(name)
            shown = template_form(value) if name == "template" and value else value
            yield invalid(f"spec.{name}", shown, IMMUTABLE)


def cron_job_causes(new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with a cron job."""
    spec = new["spec"]
    if old is not None and old["spec"] == spec:
        return
    schedule = spec.get("schedule", "")
    if not schedule:
        yield required("spec.schedule")
    else:
        yield from _schedule(schedule)
    yield from not_negative(spec, "spec", "startingDeadlineSeconds")
    if zone := spec.get("timeZone"):
        yield from _zone(zone)
    elif zone == "":
        yield invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")
    policy = spec.get("concurrencyPolicy")
    if policy not in _POLICIES:
        yield unsupported("spec.concurrencyPolicy", policy, _POLICIES)
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    yield from _job_spec(job, "spec.jobTemplate.spec")
    yield from not_negative(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _schedule(text: str) -> Iterator[Cause]:
    if text.startswith("@every "):
        return
    try:
        Schedule.parse(text)
    except ScheduleError as error:
        yield invalid("spec.schedule", text, str(error))
    if "TZ" in text:
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid("spec.schedule", text, why)


def _zone(text: str) -> Iterator[Cause]:
    if text.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield invalid("spec.timeZone", text, why)
        return
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield invalid("spec.timeZone", text, f"unknown time zone {text}")
