"""Whether an API server takes an object, asked for real and without making it."""

from __future__ import annotations

from typing import Any

from kompose.cluster.kinds import resource_of
from kube_client.client import Client
from kube_client.errors import InvalidError


async def refusal(client: Client, obj: dict[str, Any]) -> str:
    """Why the server calls the object invalid; "" when it takes it."""
    kind = resource_of(obj)
    namespace = "default" if kind.namespaced else None
    try:
        await client.apply(kind, obj, field_manager="test", dry_run=True, namespace=namespace)
    except InvalidError as error:
        return str(error)
    return ""
