"""Scale, restart, suspend, trigger, cordon: small changes by patch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kube_client import resource
from kube_client.errors import KubeError
from kube_client.timestamp import format_timestamp
from kube_tui.actions.action import Desk, Subject
from kube_tui.actions.delete import named, on_each
from kube_tui.actions.question import Confirm, Field, Form
from kube_tui.rows.row import Tone

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


async def scale(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Ask how many replicas, then set them through the scale subresource."""
    client = desk.session.client
    first = subjects[0]
    try:
        now = await client.get_scale(first.type, first.name, first.namespace)
    except KubeError as error:
        desk.say(str(error), Tone.BROKEN)
        return
    answers = await desk.fill(
        Form(
            f"Scale {named(subjects)} on {desk.session.context}",
            (Field("replicas", "Replicas", "number", str(now), required=True),),
            yes="Scale",
            check=_check_replicas,
        )
    )
    if answers is None:
        return
    wanted = int(answers["replicas"])
    if wanted == 0 and not await desk.confirm(
        Confirm(f"Scale {named(subjects)} to 0?", "All its pods are ended.", yes="Scale to 0")
    ):
        return
    await on_each(
        desk,
        subjects,
        f"Scaling to {wanted}:",
        lambda subject: client.scale(subject.type, subject.name, subject.namespace, wanted),
    )


def _check_replicas(answers: dict[str, str]) -> str:
    text = answers["replicas"].strip()
    if not text.isdecimal():
        return "Replicas must be a whole number, 0 or more."
    return "" if int(text) <= 10_000 else "That is more than 10,000 replicas."


async def restart(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Ask, then replace the pods one after the other, as `kubectl rollout restart` does."""
    client = desk.session.client
    question = Confirm(
        f"Restart {named(subjects)} on {desk.session.context}?",
        "Its pods are replaced step by step, by the rules of its rollout.",
        yes="Restart",
    )
    if not await desk.confirm(question):
        return
    stamp = format_timestamp(datetime.now(UTC).replace(microsecond=0))
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: stamp}}}}}
    await on_each(desk, subjects, "Restarting", _patching(client, patch))


def _patching(client: Any, patch: dict[str, Any]) -> Any:
    def do(subject: Subject) -> Any:
        return client.patch(subject.type, subject.name, patch, subject.namespace or None)

    return do


async def suspend(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Suspend a cron job, or let it run again."""
    is_suspended = subjects[0].item.spec.suspend
    deed = "Resume" if is_suspended else "Suspend"
    question = Confirm(
        f"{deed} {named(subjects)} on {desk.session.context}?",
        "It will run by its schedule again."
        if is_suspended
        else "Jobs that run go on; no new ones are started.",
        yes=deed,
    )
    if await desk.confirm(question):
        patch = {"spec": {"suspend": not is_suspended}}
        doing = "Resuming" if is_suspended else "Suspending"
        await on_each(desk, subjects, doing, _patching(desk.session.client, patch))


async def trigger(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Run a cron job's job now, as `kubectl create job --from` does."""
    client = desk.session.client
    question = Confirm(
        f"Run {named(subjects)} now on {desk.session.context}?",
        "A job is made from its template.",
        yes="Run",
    )
    if not await desk.confirm(question):
        return

    async def run(subject: Subject) -> None:
        found = await client.get(subject.type, subject.name, subject.namespace)
        await client.create(resource.JOBS, _job_from(found, datetime.now(UTC)), subject.namespace)

    await on_each(desk, subjects, "Running", run)


def _job_from(cron_job: dict[str, Any], now: datetime) -> dict[str, Any]:
    metadata, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    inner = template.get("metadata") or {}
    name = f"{metadata['name'][:40]}-manual-{now:%m%d%H%M%S}"
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": inner.get("labels") or {},
            "annotations": {
                **(inner.get("annotations") or {}),
                "cronjob.kubernetes.io/instantiate": "manual",
            },
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }


async def cordon(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Keep new pods from the nodes."""
    question = Confirm(
        f"Cordon {named(subjects)} on {desk.session.context}?",
        "Pods that run stay; no new ones come.",
        yes="Cordon",
    )
    if await desk.confirm(question):
        patch = {"spec": {"unschedulable": True}}
        await on_each(desk, subjects, "Cordoning", _patching(desk.session.client, patch))


async def uncordon(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Let new pods come to the nodes again."""
    question = Confirm(
        f"Uncordon {named(subjects)} on {desk.session.context}?",
        "New pods may come again.",
        yes="Uncordon",
        is_destructive=False,
    )
    if await desk.confirm(question):
        patch = {"spec": {"unschedulable": None}}
        await on_each(desk, subjects, "Uncordoning", _patching(desk.session.client, patch))
