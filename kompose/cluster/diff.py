"""`diff`: what `up` would change, told by the server itself."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from kompose.cluster.apply import Applier
from kompose.cluster.inventory import owned_objects
from kompose.cluster.kinds import resource_of, title
from kompose.cluster.ownership import Object, stamped
from kompose.emit.yaml_text import dump, pruned
from kube_client.client import Client
from kube_client.errors import NotFoundError
from kube_client.resource import NAMESPACES

_OF_THE_SERVER = frozenset(
    ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
)
_REVISION = "deployment.kubernetes.io/revision"


async def diff(
    client: Client, objects: Sequence[Object], project: str, namespace: str
) -> list[str]:
    """The lines of a unified diff from what is there to what the file says; none when alike.

    What an earlier `up` made and the file no longer has is shown as removed. Values of secrets
    are never shown: a changed one is marked as changed.
    """
    has_namespace = await _exists(client, namespace)
    applier = Applier(client, namespace, project, dry_run=True)
    lines: list[str] = []
    for obj in objects:
        mine = stamped(obj, project)
        before = await _current(client, mine, namespace) if has_namespace else None
        after = (await applier.apply(mine)).object if has_namespace else mine
        lines += _unified(before, after, title(mine))
    wanted = {title(obj) for obj in objects}
    if has_namespace:
        for obj in await owned_objects(client, project, namespace):
            if title(obj) not in wanted:
                lines += _unified(obj, None, title(obj))
    return lines


async def _exists(client: Client, namespace: str) -> bool:
    try:
        await client.get(NAMESPACES, namespace)
    except NotFoundError:
        return False
    return True


async def _current(client: Client, obj: Object, namespace: str) -> Object | None:
    try:
        return await client.get(resource_of(obj), obj["metadata"]["name"], namespace)
    except NotFoundError:
        return None


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
        key: value for key, value in (meta.get("annotations") or {}).items() if key != _REVISION
    }
    kept = {key: value for key, value in obj.items() if key != "status"}
    cleaned = pruned({**kept, "metadata": {**meta, "annotations": annotations}})
    return dict(cleaned)


def _masked(old: Object, new: Object) -> tuple[Object, Object]:
    """Both without the values of a secret."""
    if "Secret" not in (old.get("kind"), new.get("kind")):
        return old, new
    values = _secret_values(old), _secret_values(new)
    return _mask(old, values[1], "before"), _mask(new, values[0], "after")


def _secret_values(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {**(obj.get("data") or {}), **(obj.get("stringData") or {})}


def _mask(obj: Object, others: Mapping[str, Any], word: str) -> Object:
    def masked(values: Mapping[str, Any] | None) -> dict[str, str]:
        return {
            key: "***" if others.get(key) in (value, None) else f"*** ({word})"
            for key, value in (values or {}).items()
        }

    return {
        **obj,
        **{part: masked(obj[part]) for part in ("data", "stringData") if part in obj},
    }


def _lines(obj: Object) -> list[str]:
    return dump(obj).splitlines() if obj else []
