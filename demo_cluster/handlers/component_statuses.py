"""componentstatuses: a deprecated word on what the cluster runs on."""

from __future__ import annotations

from dataclasses import replace

from demo_cluster.handlers.objects import the_kind
from demo_cluster.kinds import Kind, Obj
from demo_cluster.selection import label_matcher
from demo_cluster.status import not_found
from demo_cluster.wire.presentation import list_reply, object_reply
from demo_cluster.wire.reply import Call, Reply, StreamReply

_WARNING = {"Warning": '299 - "v1 ComponentStatus is deprecated in v1.19+"'}
_NAMES = ("etcd-0", "scheduler", "controller-manager")


def _status(kind: Kind, name: str) -> Obj:
    condition = {"type": "Healthy", "status": "True", "message": "ok"}
    head = {"kind": kind.kind, "apiVersion": kind.api_version}
    return {**head, "metadata": {"name": name}, "conditions": [condition]}


async def list_component_statuses(call: Call) -> Reply | StreamReply:
    """GET of all of them."""
    kind = the_kind(call)
    found = [_status(kind, name) for name in _NAMES]
    if labels := call.param("labelSelector"):
        found = list(filter(label_matcher(labels), found))
    reply = list_reply(call, kind, found, {})
    return replace(reply, headers={**reply.headers, **_WARNING})


async def get_component_status(call: Call) -> Reply:
    """GET of one.

    Raises:
        Failure: 404, there is none.
    """
    kind = the_kind(call)
    if call.route.name not in _NAMES:
        raise not_found(kind, call.route.name)
    return object_reply(call, kind, _status(kind, call.route.name), headers=_WARNING)
