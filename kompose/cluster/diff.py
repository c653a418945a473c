"""`diff`: what `up` would change, told by the server itself."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kompose.cluster.apply import Applier, Outcome
from kompose.cluster.errors import FieldConflictError
from kompose.cluster.inventory import orphans
from kompose.cluster.kinds import resource_of, title
from kompose.cluster.ownership import Object, stamped
from kompose.cluster.plan import without_scaled_replicas
from kompose.emit.yaml_text import dump, pruned
from kompose.secrecy import secret_values
from kompose.suspicion import HIDDEN
from kube_client.client import Client
from kube_client.errors import ForbiddenError, NotFoundError
from kube_client.resource import NAMESPACES, PERSISTENT_VOLUME_CLAIMS

_OF_THE_SERVER = frozenset(
    ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
)
_NOT_SHOWN = frozenset(
    ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")
)


async def diff(
    client: Client,
    objects: Sequence[Object],
    project: str,
    namespace: str,
    *,
    prunes: bool = False,
    on_conflict: Callable[[str], None] = lambda _sentence: None,
) -> list[str]:
    """The lines of a unified diff from what is there to what `up` would make; none when alike.

    With `prunes`, what an earlier `up` made and the file no longer has is shown as removed.
    Fields that somebody else manages are shown as `--force` would take them, and `on_conflict`
    hears of it. Values of secrets are never shown: a changed one is marked as changed.
    """
    has_namespace = await _exists(client, namespace)
    asking = Applier(client, namespace, project, dry_run=True)
    forcing = Applier(client, namespace, project, dry_run=True, force=True)
    lines: list[str] = []
    for obj in without_scaled_replicas(objects):
        mine = stamped(obj, project)
        before = await _current(client, mine, namespace) if has_namespace else None
        if not has_namespace:
            lines += _unified(None, mine, title(mine))
            continue
        try:
            applied = await asking.apply(mine)
        except FieldConflictError as error:
            on_conflict(str(error))
            applied = await forcing.apply(mine)
        if applied.outcome is Outcome.REPLACED:
            lines += _anew(before, mine)
        else:
            lines += _unified(before, applied.object, title(mine))
    if has_namespace and prunes:
        for obj in await orphans(client, objects, project, namespace):
            if obj["kind"] != PERSISTENT_VOLUME_CLAIMS.kind:
                lines += _unified(obj, None, title(obj))
    return lines


async def _exists(client: Client, namespace: str) -> bool:
    try:
        await client.get(NAMESPACES, namespace)
    except NotFoundError:
        return False
    except ForbiddenError:
        return True  # who may not look at namespaces is believed to have one
    return True


async def _current(client: Client, obj: Object, namespace: str) -> Object | None:
    try:
        return await client.get(resource_of(obj), obj["metadata"]["name"], namespace)
    except NotFoundError:
        return None


def _anew(before: Object | None, mine: Object) -> list[str]:
    """What goes and comes anew, in the fields that the file says: nobody knows the others yet."""
    name = title(mine)
    found = _unified(_as_far_as(before, mine), mine, name)
    return found or [f"--- {name} (cluster)", f"+++ {name} (file)", "@@ it is made anew @@"]


def _as_far_as(value: Any, other: Any) -> Any:
    """Of a tree what the other has too."""
    if isinstance(value, dict) and isinstance(other, dict):
        return {key: _as_far_as(value[key], other[key]) for key in value if key in other}
    if isinstance(value, list) and isinstance(other, list):
        return [_as_far_as(*pair) for pair in zip(value, other, strict=False)]
    return value


def _unified(before: Object | None, after: Object | None, name: str) -> list[str]:
    old, new = _masked(_shown(before), _shown(after))
    return list(
        difflib.unified_diff(
            _lines(old),
            _lines(new),
            f"{name} (cluster)" if old else "/dev/null",
            f"{name} (file)" if new else "/dev/null",
            lineterm="",
        )
    )


def _shown(obj: Object | None) -> Object:
    """The object as a person wrote it, more or less: without the server's own fields."""
    if obj is None:
        return {}
    meta = {key: value for key, value in obj["metadata"].items() if key not in _OF_THE_SERVER}
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if key not in _NOT_SHOWN
    }
    kept = {key: value for key, value in obj.items() if key != "status"}
    cleaned = pruned({**kept, "metadata": {**meta, "annotations": annotations}})
    return dict(cleaned)


def _masked(old: Object, new: Object) -> tuple[Object, Object]:
    """Both without secret values: `***` what is on both sides, else with the side it is on."""
    before, after = secret_values(old), secret_values(new)
    return (
        _mask(old, {value: _sign(value in after, "before") for value in before}),
        _mask(new, {value: _sign(value in before, "after") for value in after}),
    )


def _sign(is_on_both: bool, side: str) -> str:
    return HIDDEN if is_on_both else f"{HIDDEN} ({side})"


def _mask(value: Any, signs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _mask(inner, signs) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mask(inner, signs) for inner in value]
    return signs.get(value, value) if isinstance(value, str) else value


def _lines(obj: Object) -> list[str]:
    return dump(obj).splitlines() if obj else []
