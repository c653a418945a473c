"""ControllerRevisions: the templates that StatefulSets and DaemonSets had, for rollbacks."""

from __future__ import annotations

from demo_cluster.changes.internal_writers import CONTROLLERS
from demo_cluster.controllers.owned_pods import owner_reference, template_hash
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.store.storage import Storage, key_of

REVISIONS = kind_of("controllerrevisions", "apps")
HASH = "controller.kubernetes.io/hash"


def current_revision(storage: Storage, owner: Obj, label: str) -> Obj:
    """The revision of the owner's present template; made when there is none yet."""
    template = owner["spec"]["template"]
    data = {"spec": {"template": {**template, "$patch": "replace"}}}
    existing = revisions_of(storage, owner)
    newest = max((each["revision"] for each in existing), default=0)
    for each in existing:
        if each["data"] == data:
            if each["revision"] == newest:
                return each

            def raise_number(obj: Obj) -> None:
                obj["revision"] = newest + 1

            return storage.modify(REVISIONS, *key_of(each), raise_number, by=CONTROLLERS) or each
    mark = template_hash(template)
    name, namespace = f"{owner['metadata']['name']}-{mark}", owner["metadata"]["namespace"]
    found = storage.get(REVISIONS, namespace, name)
    if found is not None:
        return found
    annotations = owner["metadata"].get("annotations")
    made = {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**(template["metadata"].get("labels") or {}), label: mark},
            **({"annotations": dict(annotations)} if annotations else {}),
            "ownerReferences": [owner_reference(owner)],
        },
        "data": data,
        "revision": newest + 1,
    }
    return storage.create(REVISIONS, made, by=CONTROLLERS)


def revisions_of(storage: Storage, owner: Obj) -> list[Obj]:
    """All revisions that belong to the owner, oldest first."""
    found = [
        obj
        for kind, obj in storage.by_owner(owner["metadata"]["uid"])
        if kind.storage_key == REVISIONS.storage_key
    ]
    return sorted(found, key=lambda each: each["revision"])
