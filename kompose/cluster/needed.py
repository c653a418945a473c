"""What a project reads and does not make: it must be on the cluster before."""

import asyncio
from collections.abc import Sequence

from kompose.cluster.errors import ClusterError
from kompose.cluster.kinds import is_workload
from kompose.cluster.ownership import Object
from kompose.manifests.references import references
from kube_client.client import Client
from kube_client.errors import ForbiddenError, NotFoundError
from kube_client.resource import CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS

_RESOURCES = {found.kind: found for found in (CONFIG_MAPS, SECRETS, PERSISTENT_VOLUME_CLAIMS)}
_MAKERS = {
    "Secret": "kubectl create secret generic {name} --from-file={name}=FILE",
    "ConfigMap": "kubectl create configmap {name} --from-file={name}=FILE",
}


def needed(objects: Sequence[Object]) -> list[tuple[str, str]]:
    """The kind and name of what these objects' pods read and what is not among them."""
    made = {(str(obj.get("kind")), str(obj["metadata"]["name"])) for obj in objects}
    read = (found for obj in objects if is_workload(obj) for found in references(obj))
    return [found for found in dict.fromkeys(read) if found not in made and found[1]]


def needed_titles(objects: Sequence[Object]) -> set[str]:
    """The same in words: `secret/db`."""
    return {f"{kind.lower()}/{name}" for kind, name in needed(objects)}


async def refuse_missing(client: Client, objects: Sequence[Object], namespace: str) -> None:
    """Say what is not there; pods would wait for it for ever.

    What the user may not look at is believed to be there.

    Raises:
        ClusterError: Something is missing.
    """
    wanted = needed(objects)
    are_there = await asyncio.gather(*(_is_there(client, *one, namespace) for one in wanted))
    missing = [one for one, is_there in zip(wanted, are_there, strict=True) if not is_there]
    if not missing:
        return
    titles = ", ".join(f"{kind.lower()}/{name}" for kind, name in missing)
    verb, them = ("are", "them") if len(missing) > 1 else ("is", "it")
    kind, name = missing[0]
    maker = f": {_MAKERS[kind].format(name=name)} -n {namespace}" if kind in _MAKERS else "."
    raise ClusterError(
        f"{titles} {verb} not in namespace {namespace}, where the file takes {them} to be. "
        f"Make {them} first{maker}"
    )


async def _is_there(client: Client, kind: str, name: str, namespace: str) -> bool:
    try:
        await client.get(_RESOURCES[kind], name, namespace)
    except NotFoundError:
        return False
    except ForbiddenError:
        return True
    return True
