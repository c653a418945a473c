"""`events`: what happened to the objects of a project, and what happens now."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from kompose.cluster.inventory import owned_objects
from kompose.cluster.ownership import service_key
from kompose.cluster.view import ProjectView
from kompose.cluster.workload import Event
from kompose.live.session import Session, require_project, service_keys
from kube_client.codec import encode_json
from kube_client.errors import ForbiddenError, one_line
from kube_client.reflector import Reflector
from kube_client.resource import EVENTS
from kube_client.timestamp import format_timestamp

_MADE = frozenset(("Pod", "ReplicaSet", "Job"))
"""Kinds that controllers make, by the name of what made them and a suffix."""


async def show_events(
    session: Session, view: ProjectView, services: Sequence[str], *, follows: bool, form: str
) -> int:
    """Print the events of the services, oldest first; and then each that comes, until cancelled.

    Raises:
        ClusterError: Nothing of the project is there.
        ForbiddenError: The user may not see events.
    """
    keys = service_keys(view, services)
    owned = await owned_objects(session.client, session.project, session.namespace)
    await require_project(session, owned)
    names = {str(obj["metadata"]["name"]): service_key(obj) for obj in owned}
    told: set[tuple[str, str]] = set()
    reflector = Reflector(session.client, EVENTS, Event, namespace=session.namespace)
    following = asyncio.create_task(reflector.run())
    changes = reflector.store.subscribe()
    try:
        state = await reflector.settled()
        if isinstance(state.error, ForbiddenError):
            raise state.error
        await reflector.synced()
        while True:
            for event in sorted(reflector.store.values(), key=lambda one: str(one.when)):
                place = (event.metadata.name, str(event.when))
                owner = owner_of(event, names)
                if place in told or owner is None or (keys and names[owner] not in keys):
                    continue
                told.add(place)
                sys.stdout.write(LINES[form](event, session.secrecy.hide))
            sys.stdout.flush()
            if not follows:
                return 0
            changes.take()
            await changes.wait()
    finally:
        changes.close()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def owner_of(event: Event, names: Iterable[str]) -> str | None:
    """The object of these names that an event is about, or whose pod it is about, if any.

    Of several that fit the longest is meant: `web-api-x1` is of `web-api`, not of `web`.
    """
    about = event.involved_object
    fitting = [
        name
        for name in names
        if about.name == name or (about.kind in _MADE and about.name.startswith(f"{name}-"))
    ]
    return max(fitting, key=len, default=None)


def _line(event: Event, hide: Callable[[str], str]) -> str:
    about = event.involved_object
    what = f"{about.kind.lower()}/{about.name}"
    return f"{_when(event)}  {event.type} {event.reason}  {what}: {one_line(hide(event.message))}\n"


def _record(event: Event, hide: Callable[[str], str]) -> str:
    about = event.involved_object
    record = {
        "Time": _when(event),
        "Type": event.type,
        "Reason": event.reason,
        "Kind": about.kind,
        "Name": about.name,
        "Message": hide(event.message),
    }
    return encode_json(record).decode() + "\n"


def _when(event: Event) -> str:
    return "" if event.when is None else format_timestamp(event.when.replace(microsecond=0))


LINES: Mapping[str, Callable[[Event, Callable[[str], str]], str]] = {
    "table": _line,
    "json": _record,
}
"""How an event is printed, by the word for it."""
