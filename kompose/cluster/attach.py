"""What `up` does in the foreground: published ports on localhost, and every log."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import NamedTuple

from kompose.cluster.errors import ClusterError
from kompose.cluster.pods import running, service_pods
from kompose.cluster.view import ProjectView
from kube_client.client import Client
from kube_client.errors import UnreachableError
from kube_client.port_forward import LocalPortError, PortForward, open_port_forward

_LOOPBACK = "127.0.0.1"


class Published(NamedTuple):
    """One port that the compose file publishes: where it listens here, where it leads."""

    service: str
    key: str
    local: int
    target: int
    address: str


class Forwarded(NamedTuple):
    """A published port that listens now; the local port may be another than was asked for."""

    published: Published
    forward: PortForward


def published_ports(project: ProjectView) -> list[Published]:
    """What to forward, by service; ranges are resolved, and only TCP can be forwarded."""
    found = []
    for service in project.services.values():
        for port in service.ports:
            if port.protocol != "tcp":
                continue
            for offset, local in enumerate(_range(port.published)):
                target = port.target + offset if "-" in port.published else port.target
                address = port.host_ip or _LOOPBACK
                found.append(Published(service.name, service.key, local, target, address))
    return found


async def forward_all(
    client: Client,
    namespace: str,
    ports: list[Published],
    stack: AsyncExitStack,
    on_trouble: Callable[[str], None],
    units: Mapping[str, str] | None = None,
) -> list[Forwarded]:
    """Listen on every published port until the stack unwinds.

    A port that is taken here is replaced by a free one, and that is told. `units` names the
    pods' label where it is not the service's own.
    """
    listening = []
    for port in ports:
        key = (units or {}).get(port.service, port.key)
        choose = _pod_of(client, namespace, key)
        try:
            forward = await stack.enter_async_context(
                open_port_forward(
                    client,
                    namespace,
                    choose,
                    port.target,
                    local_port=port.local,
                    address=port.address,
                    on_trouble=on_trouble,
                )
            )
        except LocalPortError as error:
            on_trouble(f"{error} Using a free one for {port.service} instead.")
            forward = await stack.enter_async_context(
                open_port_forward(client, namespace, choose, port.target, on_trouble=on_trouble)
            )
        listening.append(Forwarded(port, forward))
    return listening


def listens_at(forward: PortForward) -> str:
    """The address and port here, as people write them: `127.0.0.1:80`, `[::1]:80`."""
    host = f"[{forward.address}]" if ":" in forward.address else forward.address
    return f"{host}:{forward.local_port}"


def _pod_of(client: Client, namespace: str, key: str) -> Callable[[], Awaitable[str]]:
    async def choose() -> str:
        alive = running(await service_pods(client, namespace, key))
        if not alive:
            raise UnreachableError(
                f"No pod of {key} runs at the moment; try again when one is ready."
            )
        return alive[0].metadata.name

    return choose


def _range(published: str) -> list[int]:
    """The local ports of one entry: none said means any free one."""
    first, _, last = published.partition("-")
    if not first:
        return [0]
    try:
        return list(range(int(first), int(last or first) + 1))
    except ValueError as error:
        raise ClusterError(f"{published!r} is no port or range of ports.") from error
