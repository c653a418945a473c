"""Waiting until something is no more, by watch."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from kompose.cluster.errors import ClusterError
from kube_client.client import Client
from kube_client.errors import ForbiddenError, NotFoundError
from kube_client.objects import KubeObject
from kube_client.reflector import Reflector
from kube_client.resource import ResourceType

_GONE_SECONDS = 120.0


async def until_gone(
    client: Client,
    resource: ResourceType,
    namespace: str,
    name: str,
    uid: str,
    timeout: float | None = _GONE_SECONDS,
) -> None:
    """Return when this object is no more.

    Raises:
        ClusterError: It stays for longer than `timeout` seconds.
    """
    await until_none(
        client,
        resource,
        namespace,
        fields=f"metadata.name={name}",
        is_awaited=lambda found: found.metadata.name == name and found.metadata.uid == uid,
        timeout=timeout,
    )


async def until_none(
    client: Client,
    resource: ResourceType,
    namespace: str,
    *,
    labels: str = "",
    fields: str = "",
    is_awaited: Callable[[KubeObject], bool] = lambda _found: True,
    on_left: Callable[[list[str]], None] = lambda _names: None,
    timeout: float | None = _GONE_SECONDS,
) -> None:
    """Return when no object of this selection is left; `on_left` hears the names of the rest.

    A kind that the server does not have, or does not let us see, has none.

    Raises:
        ClusterError: Some stay for longer than `timeout` seconds.
    """
    left: list[str] = []
    async with _following(client, resource, namespace, labels, fields) as reflector:
        changes = reflector.store.subscribe()
        try:
            async with asyncio.timeout(timeout):
                state = await reflector.settled()
                if isinstance(state.error, ForbiddenError | NotFoundError):
                    return
                await reflector.synced()
                while True:
                    left = [
                        obj.metadata.name for obj in reflector.store.values() if is_awaited(obj)
                    ]
                    if not left:
                        return
                    on_left(left)
                    changes.take()
                    await changes.wait()
        except TimeoutError as error:
            raise ClusterError(
                f"{resource.kind.lower()}/{', '.join(left)} did not end in {timeout:g} s. See what "
                f"keeps it: kubectl describe {resource.plural} {left[0] if left else ''}"
                f"{f' -n {namespace}' if namespace else ''}"
            ) from error
        finally:
            changes.close()


@asynccontextmanager
async def _following(
    client: Client, resource: ResourceType, namespace: str, labels: str, fields: str
) -> AsyncIterator[Reflector[KubeObject]]:
    reflector = Reflector(
        client, resource, KubeObject, namespace=namespace, labels=labels, fields=fields
    )
    task = asyncio.create_task(reflector.run())
    try:
        yield reflector
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
