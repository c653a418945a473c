"""Deleting and killing: always asked first, and only the very object that was shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from kube_client.errors import KubeError, NotFoundError
from kube_tui.actions.action import Desk, Subject
from kube_tui.actions.question import Confirm
from kube_tui.rows.row import Tone

_CONTROLLED = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"})


async def delete(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Ask, then delete in the background manner: dependents go after it."""
    client = desk.session.client
    question = Confirm(
        f"Delete {named(subjects)} on {desk.session.context}?",
        consequence=consequence(subjects),
        yes="Delete",
    )
    if await desk.confirm(question):
        await on_each(
            desk,
            subjects,
            "Deleting",
            lambda subject: client.delete(
                subject.type,
                subject.name,
                subject.namespace or None,
                uid=subject.uid or None,
                propagation="Background",
            ),
        )


async def kill(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Ask, then end the pods at once, without their grace period."""
    client = desk.session.client
    question = Confirm(
        f"Kill {named(subjects)} on {desk.session.context}?",
        consequence="Grace period 0: its processes get no time to finish, and a pod that is still "
        "running somewhere is forgotten. " + consequence(subjects),
        yes="Kill",
    )
    if await desk.confirm(question):
        await on_each(
            desk,
            subjects,
            "Killing",
            lambda subject: client.delete(
                subject.type,
                subject.name,
                subject.namespace or None,
                uid=subject.uid or None,
                grace_seconds=0,
            ),
        )


def named(subjects: Sequence[Subject]) -> str:
    """One object in full, or how many and which."""
    if len(subjects) == 1:
        return subjects[0].words
    names = ", ".join(subject.name for subject in subjects[:3])
    more = f" and {len(subjects) - 3} more" if len(subjects) > 3 else ""
    return f"{len(subjects)} {subjects[0].type.plural} ({names}{more})"


def consequence(subjects: Sequence[Subject]) -> str:
    """What follows from a deletion."""
    plural = subjects[0].type.plural
    if plural == "namespaces":
        return "Everything in it is deleted too. There is no way back."
    if plural == "pods":
        owners = [
            owner
            for subject in subjects
            for owner in subject.item.metadata.owner_references
            if owner.kind in _CONTROLLED
        ]
        if owners:
            return f"Its owner, {owners[0].kind} {owners[0].name}, will make a new one."
        return "Nothing owns it: no new one will be made."
    if plural == "persistentvolumeclaims":
        return "Its volume's data may be deleted with it."
    if plural == "customresourcedefinitions":
        return "Every object of this kind is deleted too. There is no way back."
    return "What it owns is deleted after it (propagation: background)."


async def on_each(
    desk: Desk,
    subjects: Sequence[Subject],
    doing: str,
    do: Callable[[Subject], Awaitable[object]],
) -> None:
    """Do it to one after the other; every refusal is said, and does not stop the rest."""
    done, refusals = 0, list[str]()
    for subject in subjects:
        try:
            await do(subject)
        except NotFoundError:
            refusals.append(f"{subject.words} is gone already.")
        except KubeError as error:
            refusals.append(str(error))
        else:
            done += 1
    if refusals:
        more = f" (and {len(refusals) - 1} more refusals)" if len(refusals) > 1 else ""
        desk.say(refusals[0] + more, Tone.BROKEN)
    elif done:
        desk.say(f"{doing} {named(subjects)}.")
