"""The pods behind a service, and the one of them to talk to."""

from collections.abc import Sequence

from kompose.cluster.errors import ClusterError
from kompose.cluster.ownership import Object, service_selector
from kube_client.client import Client
from kube_client.objects import Pod
from kube_client.resource import PODS


async def service_pods(client: Client, namespace: str, key: str) -> list[Pod]:
    """The living pods of a service, oldest first."""
    found = await client.list(PODS, Pod, namespace=namespace, labels=service_selector([key]))
    living = [pod for pod in found.items if pod.metadata.deletion_timestamp is None]
    return sorted(living, key=lambda pod: (str(pod.metadata.creation_timestamp), pod.metadata.name))


def running(pods: Sequence[Pod]) -> list[Pod]:
    """Those that run, the ready ones first."""
    alive = [pod for pod in pods if pod.status.phase == "Running"]
    return sorted(alive, key=lambda pod: not is_ready(pod))


def is_ready(pod: Pod) -> bool:
    """Whether the pod takes traffic."""
    return any(found.type == "Ready" and found.status == "True" for found in pod.status.conditions)


async def chosen_pod(client: Client, namespace: str, key: str, index: int | None = None) -> Pod:
    """The pod of a service to talk to: the one of this number from 1, else a ready one.

    Raises:
        ClusterError: None of its pods runs, or there is none of that number.
    """
    pods = await service_pods(client, namespace, key)
    alive = running(pods)
    if not alive:
        how = f"its pods are: {', '.join(_words(pod) for pod in pods)}" if pods else "it has none"
        raise ClusterError(
            f"No pod of the service {key!r} runs in namespace {namespace}; {how}. "
            "See why with: kompose ps"
        )
    return alive[0] if index is None else pod_of_index(pods, key, index)


def pod_of_index(pods: Sequence[Pod], key: str, index: int) -> Pod:
    """The pod of this number, from 1.

    Raises:
        ClusterError: There is none.
    """
    if not 1 <= index <= len(pods):
        has = f"has pods 1 to {len(pods)}" if pods else "has no pod"
        raise ClusterError(f"The service {key!r} {has}; there is no {index}.")
    return pods[index - 1]


def container_of(pod: Pod, key: str) -> str:
    """The container of a pod that is this service's; the first when none has its name."""
    names = [container.name for container in pod.spec.containers]
    return key if key in names else names[0]


def target_port(services: Sequence[Object], port: int) -> int:
    """The port of the containers behind a port of a service; the same where nothing is said."""
    for service in services:
        for entry in (service.get("spec") or {}).get("ports") or ():
            if int(entry["port"]) == port:
                target = entry.get("targetPort", port)
                return int(target) if str(target).isdecimal() else port
    return port


def _words(pod: Pod) -> str:
    return f"{pod.metadata.name} ({pod.status.phase or 'Unknown'})"
