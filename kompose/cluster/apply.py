"""Objects onto the cluster by server-side apply, and what became of each."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, NamedTuple

from kompose.cluster.errors import ClusterError, FieldConflictError
from kompose.cluster.gone import until_gone
from kompose.cluster.kinds import resource_of, title
from kompose.cluster.ownership import (
    FIELD_MANAGER,
    OUR_MANAGERS,
    PROJECT,
    Object,
    service_key,
)
from kompose.manifests.digests import CONFIG_DIGEST
from kube_client.client import Client
from kube_client.errors import ConflictError, InvalidError, NotFoundError
from kube_client.resource import JOBS, PODS, SERVICES, ResourceType

_IMMUTABLE = (
    "field is immutable",
    "may not change once set",
    "pod updates may not change fields",
    "updates to statefulset",
)
_REPLACED = (PODS, JOBS, SERVICES)
"""Kinds of which the old object may go for a new one: they hold nothing."""


class Outcome(Enum):
    """What an apply did; the value is the word for it."""

    CREATED = "created"
    CHANGED = "configured"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"


class Applied(NamedTuple):
    """One object, what became of it, and how the server has it now."""

    title: str
    outcome: Outcome
    object: Object


class Applier:
    """Applies objects of one project into one namespace.

    With `dry_run` the server says what it would do and does nothing. With `force`, fields that
    another manager owns are taken over.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        project: str,
        *,
        dry_run: bool = False,
        force: bool = False,
        on_applied: Callable[[Applied], None] = lambda _applied: None,
    ) -> None:
        self.results: list[Applied] = []
        self._client = client
        self._namespace = namespace
        self._project = project
        self._dry_run = dry_run
        self._force = force
        self._on_applied = on_applied

    async def apply_all(self, objects: Sequence[Object]) -> list[Applied]:
        """Each object in turn; what was done before an error stays done."""
        return [await self.apply(obj) for obj in objects]

    async def apply(self, obj: Object) -> Applied:
        """One object.

        Raises:
            ClusterError: It belongs to somebody else, or cannot be changed this way.
            KubeError: The server refused.
        """
        resource = resource_of(obj)
        before = await self._current(resource, obj)
        self._refuse_foreign(obj, before)
        if before is not None and _must_be_replaced(before, obj):
            return self._note(obj, await self._replace(resource, obj, before), Outcome.REPLACED)
        outcome = Outcome.CHANGED if before else Outcome.CREATED
        try:
            after = await self._apply(resource, obj)
        except InvalidError as error:
            if before is None or not _is_immutable(error):
                raise
            if resource not in _REPLACED:
                raise ClusterError(
                    f"{title(obj)} cannot be changed into what the file says now: "
                    f"{error.server_message} Remove it first: kompose down {service_key(obj)}"
                ) from error
            after, outcome = await self._replace(resource, obj, before), Outcome.REPLACED
        if before is not None and self._is_same(before, after):
            outcome = Outcome.UNCHANGED
        return self._note(obj, after, outcome)

    def _is_same(self, before: Object, after: Object) -> bool:
        """Whether nothing was written; a dry run writes nothing, so its content tells."""
        versions = {one["metadata"].get("resourceVersion") for one in (before, after)}
        return (not self._dry_run and len(versions) == 1) or _content(before) == _content(after)

    def _note(self, obj: Object, after: Object, outcome: Outcome) -> Applied:
        applied = Applied(title(obj), outcome, after)
        self.results.append(applied)
        self._on_applied(applied)
        return applied

    async def _current(self, resource: ResourceType, obj: Object) -> Object | None:
        try:
            return await self._client.get(resource, obj["metadata"]["name"], self._namespace)
        except NotFoundError:
            return None

    def _refuse_foreign(self, obj: Object, before: Object | None) -> None:
        """Objects of another project are not ours to change; unmarked ones may be taken over."""
        if before is None:
            return
        owner = (before["metadata"].get("labels") or {}).get(PROJECT, self._project)
        if owner != self._project:
            raise ClusterError(
                f"{title(obj)} in namespace {self._namespace} belongs to the project {owner!r}. "
                "Choose another namespace with --namespace, or rename the service."
            )

    async def _apply(self, resource: ResourceType, obj: Object) -> Object:
        try:
            return await self._send(resource, obj, force=self._force)
        except ConflictError as error:
            managers = conflicting_managers(error)
            if managers and managers <= OUR_MANAGERS:
                return await self._send(resource, obj, force=True)
            if not managers:
                raise
            owners = " and ".join(sorted(managers))
            raise FieldConflictError(
                f"{title(obj)} has fields that {owners} manages: {', '.join(_fields(error))}. "
                "Take them over with --force, or leave them out of "
                "the compose file."
            ) from error

    async def _send(self, resource: ResourceType, obj: Object, *, force: bool) -> Object:
        return await self._client.apply(
            resource,
            obj,
            field_manager=FIELD_MANAGER,
            force=force,
            dry_run=self._dry_run,
            namespace=self._namespace,
        )

    async def _replace(self, resource: ResourceType, obj: Object, before: Object) -> Object:
        """What cannot be changed: the old one goes, and a new one comes."""
        if self._dry_run:
            return obj
        name, uid = before["metadata"]["name"], before["metadata"]["uid"]
        with suppress(NotFoundError):
            await self._client.delete(
                resource, name, self._namespace, uid=uid, propagation="Background"
            )
        await until_gone(self._client, resource, self._namespace, name, uid)
        return await self._send(resource, obj, force=self._force)


def conflicting_managers(error: ConflictError) -> set[str]:
    """Who owns the fields that an apply was refused for."""
    found = set()
    for cause in error.details.get("causes") or ():
        if cause.get("reason") == "FieldManagerConflict":
            text = str(cause.get("message", ""))
            found.add(text.partition('"')[2].partition('"')[0] or "somebody else")
    return found


def _fields(error: ConflictError) -> list[str]:
    causes: Sequence[Any] = error.details.get("causes") or ()
    return sorted({str(cause.get("field", "")) for cause in causes} - {""})


def _has_failed(obj: Object) -> bool:
    """Whether it ended badly and will not be tried again by itself: up tries it anew."""
    status = obj.get("status") or {}
    if obj.get("kind") == PODS.kind:
        return status.get("phase") == "Failed"
    conditions = status.get("conditions") or () if obj.get("kind") == JOBS.kind else ()
    return any(found["type"] == "Failed" and found["status"] == "True" for found in conditions)


def _must_be_replaced(before: Object, obj: Object) -> bool:
    """Whether an apply would be taken and yet not do."""
    return _has_failed(before) or _read_other_configs(before, obj) or _is_renumbered(before, obj)


def _is_renumbered(before: Object, obj: Object) -> bool:
    """Whether a Service gets or loses its address; the server would keep what it had."""
    if obj.get("kind") != SERVICES.kind:
        return False
    is_headless = [(each.get("spec") or {}).get("clusterIP") == "None" for each in (before, obj)]
    return is_headless[0] is not is_headless[1]


def _read_other_configs(before: Object, obj: Object) -> bool:
    """Whether a pod was started with other configs than it would be now."""
    if obj.get("kind") != PODS.kind:
        return False
    now = (obj["metadata"].get("annotations") or {}).get(CONFIG_DIGEST)
    return now is not None and now != (before["metadata"].get("annotations") or {}).get(
        CONFIG_DIGEST, now
    )


def _is_immutable(error: InvalidError) -> bool:
    return any(words in error.server_message for words in _IMMUTABLE)


def _content(obj: Object) -> Object:
    """The object without what changes by itself."""
    meta = {
        key: value
        for key, value in obj["metadata"].items()
        if key not in ("managedFields", "resourceVersion", "generation")
    }
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": meta}
