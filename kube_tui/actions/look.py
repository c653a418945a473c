"""Reading: describe, YAML, logs, and copies of names. Nothing here changes the cluster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from kube_client import resource
from kube_client.errors import KubeError
from kube_tui.actions.action import Desk, LogsWanted, Subject
from kube_tui.rows.event import Event
from kube_tui.rows.row import Tone
from kube_tui.session import Session
from kube_tui.text.describe import describe
from kube_tui.text.document import Document
from kube_tui.text.manifest import yaml_document

_QUERY_KINDS = {
    "deployments": "deployment",
    "statefulsets": "statefulset",
    "daemonsets": "daemonset",
    "replicasets": "replicaset",
    "jobs": "job",
}


async def show_description(desk: Desk, subjects: Sequence[Subject]) -> None:
    """The object in words, with its events."""
    subject = subjects[0]
    desk.show_document(f"describe {subject.words}", _reader(desk.session, subject, _described))


async def show_yaml(desk: Desk, subjects: Sequence[Subject]) -> None:
    """The object as YAML; a secret's values stay masked."""
    subject = subjects[0]
    desk.show_document(f"yaml {subject.words}", _reader(desk.session, subject, _as_yaml))


async def show_revealed(desk: Desk, subjects: Sequence[Subject]) -> None:
    """A secret with its values decoded."""
    subject = subjects[0]
    desk.show_document(f"values of {subject.words}", _reader(desk.session, subject, _revealed))


def _reader(
    session: Session,
    subject: Subject,
    write: Callable[[Session, dict[str, Any]], Awaitable[Document]],
) -> Callable[[], Awaitable[Document]]:
    async def read() -> Document:
        found = await session.client.get(subject.type, subject.name, subject.namespace or None)
        found.setdefault("kind", subject.type.kind)
        return await write(session, found)

    return read


async def _described(session: Session, found: dict[str, Any]) -> Document:
    return describe(found, await events_of(session, found), datetime.now(UTC))


async def _as_yaml(_: Session, found: dict[str, Any]) -> Document:
    return yaml_document(found)


async def _revealed(_: Session, found: dict[str, Any]) -> Document:
    from kube_tui.text.secrets import decoded

    return yaml_document(decoded(found), reveal=True)


async def events_of(session: Session, found: dict[str, Any]) -> list[Event]:
    """The events about this object; none where they may not be listed."""
    metadata = found.get("metadata") or {}
    fields = f"involvedObject.uid={metadata.get('uid', '')}"
    namespace = metadata.get("namespace") or None
    try:
        events = await session.client.list(
            resource.EVENTS, Event, namespace=namespace, fields=fields
        )
    except KubeError:
        return []
    return events.items


async def show_logs(desk: Desk, subjects: Sequence[Subject]) -> None:
    """What the object's containers say, now and from now on."""
    desk.show_logs(logs_wanted(subjects[0]))


async def show_previous_logs(desk: Desk, subjects: Sequence[Subject]) -> None:
    """What the container said before it was restarted."""
    desk.show_logs(logs_wanted(subjects[0], previous=True))


def logs_wanted(subject: Subject, *, previous: bool = False) -> LogsWanted:
    """Whose logs a row means: one container, a pod's, or those of all pods of a workload."""
    plural = subject.type.plural
    title = subject.words
    if plural == "pods":
        title = f"{subject.container} of {title}" if subject.container else title
        return LogsWanted(
            title,
            subject.namespace,
            query=f"pod/{subject.name}",
            container=subject.container,
            previous=previous,
        )
    if plural == "services":
        return LogsWanted(title, subject.namespace, labels=subject.item.selector)
    query = f"{_QUERY_KINDS[plural]}/{subject.name}"
    return LogsWanted(title, subject.namespace, query=query, previous=previous)


async def copy_names(desk: Desk, subjects: Sequence[Subject]) -> None:
    """One name a line."""
    names = [subject.container or subject.name for subject in subjects]
    desk.copy("\n".join(names))
    what = names[0] if len(names) == 1 else f"{len(names)} names"
    desk.say(f"Copied {what}.")


async def copy_namespaces(desk: Desk, subjects: Sequence[Subject]) -> None:
    """The namespace under the cursor."""
    namespace = subjects[0].namespace
    if not namespace:
        desk.say(f"{subjects[0].words} lives in no namespace.", Tone.ATTENTION)
        return
    desk.copy(namespace)
    desk.say(f"Copied {namespace}.")


async def go_to_owner(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Open the kind of the controlling owner, with the cursor on it."""
    subject = subjects[0]
    owners = subject.item.metadata.owner_references
    owner = next((o for o in owners if o.controller), owners[0] if owners else None)
    if owner is None:
        desk.say(f"{subject.words} has no owner.", Tone.ATTENTION)
        return
    desk.go(owner.kind, subject.namespace or None, cursor=owner.name)


async def go_to_node(desk: Desk, subjects: Sequence[Subject]) -> None:
    """Open the nodes, with the cursor on the pod's."""
    node = subjects[0].item.spec.node_name
    if not node:
        desk.say(f"{subjects[0].words} is on no node yet.", Tone.ATTENTION)
        return
    desk.go("nodes", None, cursor=node)
