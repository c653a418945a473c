"""Why a pod is not well, beyond its status: its last words, or the newest warning about it."""

from __future__ import annotations

from kube_client import resource
from kube_client.errors import KubeError
from kube_client.objects import ContainerStatus, Pod
from kube_tui.rows.event import Event
from kube_tui.session import Session

_LAST_BYTES = 4096


async def evidence_for(session: Session, pod: Pod) -> str:
    """A quotation that explains, or ''; a refusal explains nothing and is no trouble."""
    ended = next(filter(_has_crashed, pod.status.container_statuses), None)
    try:
        if ended is not None and (words := await _last_words(session, pod, ended)):
            return f'"{words}"'
        return await _newest_warning(session, pod)
    except KubeError:
        return ""


def _has_crashed(status: ContainerStatus) -> bool:
    now, before = status.state.terminated, status.last_state.terminated
    ended = now or (before if status.state.running is None else None)
    return ended is not None and ended.exit_code != 0


async def _last_words(session: Session, pod: Pod, status: ContainerStatus) -> str:
    """The last line of the container that ended."""
    from kube_client.logs import LogQuery, open_log

    query = LogQuery(
        pod.metadata.namespace,
        pod.metadata.name,
        status.name,
        tail_lines=1,
        previous=status.state.terminated is None,
        timestamps=False,
        limit_bytes=_LAST_BYTES,
    )
    said = b""
    async for chunk in open_log(session.client, query):
        said += chunk
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


async def _newest_warning(session: Session, pod: Pod) -> str:
    fields = f"involvedObject.uid={pod.metadata.uid},type=Warning"
    found = await session.client.list(
        resource.EVENTS, Event, namespace=pod.metadata.namespace, fields=fields
    )
    events = [event for event in found.items if event.last_seen is not None]
    newest = max(events, key=lambda event: str(event.last_seen), default=None)
    return f"{newest.reason}: {newest.message}" if newest is not None else ""
