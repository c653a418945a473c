"""pods/NAME/proxy and services/NAME/proxy: HTTP to a port of a pod through the API server."""

from __future__ import annotations

from demo_cluster.handlers.containers import kubelet_of
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.reply import Call, Reply
from demo_cluster.status import Failure, not_found
from demo_cluster.toybox.machine import Server

PODS = kind_of("pods")
SERVICES = kind_of("services")


async def pod_proxy(call: Call) -> Reply:
    """Any request to a pod's port: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`.

    Raises:
        Failure: 404, no such pod; 503, nobody listens there.
    """
    name, port = _target(call.route.name)
    pod = call.storage.get(PODS, call.route.namespace or "", name)
    if pod is None:
        raise not_found(PODS, name)
    if not call.route.rest and not call.path.endswith("/"):
        return Reply(301, headers={"Location": call.path + "/"})
    number = int(port) if port.isdigit() else _first_port(pod)
    worker = kubelet_of(call).find_worker(call.route.namespace or "", name)
    server = worker.network.servers.get(number) if worker else None
    if server is None:
        address = pod.get("status", {}).get("podIP", "")
        raise _refused(f"dial tcp {address}:{number}: connect: connection refused")
    return _pass_on(call, server)


async def service_proxy(call: Call) -> Reply:
    """Any request to a service's port.

    Raises:
        Failure: 404, no such service; 503, no endpoints.
    """
    name, port = _target(call.route.name)
    service = call.storage.get(SERVICES, call.route.namespace or "", name)
    if service is None:
        raise not_found(SERVICES, name)
    if not call.route.rest and not call.path.endswith("/"):
        return Reply(301, headers={"Location": call.path + "/"})
    ports = service["spec"].get("ports") or [{"port": 80}]
    number = next(
        (p["port"] for p in ports if port in (p.get("name"), str(p["port"]))), ports[0]["port"]
    )
    namespace = call.route.namespace or ""
    server = kubelet_of(call).pages.service(call.storage, namespace, name, number)
    if server is None:
        raise Failure(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
    return _pass_on(call, server)


def _target(text: str) -> tuple[str, str]:
    parts = text.split(":")
    if len(parts) == 3:
        return parts[1], parts[2]
    return parts[0], parts[1] if len(parts) == 2 else ""


def _first_port(pod: Obj) -> int:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            return int(port["containerPort"])
    return 80


def _refused(reason: str) -> Failure:
    return Failure(503, "ServiceUnavailable", f"error trying to reach service: {reason}")


def _pass_on(call: Call, server: Server) -> Reply:
    path = call.route.rest or "/"
    request = f"{call.method} {path} HTTP/1.1\r\nHost: proxy\r\n\r\n".encode() + call.body
    head, _, body = server(request).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() not in ("content-length", "connection"):
            headers[name] = value.strip()
    return Reply(int(first.split(" ")[1]), body, headers)
