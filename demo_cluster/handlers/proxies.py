"""pods/NAME/proxy and services/NAME/proxy: HTTP to a port of a pod through the API server."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from demo_cluster.handlers.containers import kubelet_of
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.status import Failure, not_found
from demo_cluster.toybox.machine import Server
from demo_cluster.wire.reply import Call, Reply

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
    ports = service["spec"].get("ports") or []
    number = next((p["port"] for p in ports if port in (p.get("name", ""), str(p["port"]))), None)
    if number is None and port.isdigit():
        raise _unavailable(f'no service port {port} found for service "{name}"')
    namespace = call.route.namespace or ""
    pages = kubelet_of(call).pages
    server = pages.service(call.storage, namespace, name, number) if number is not None else None
    if server is None:
        about = name if number is not None else call.route.name
        raise _unavailable(f'no endpoints available for service "{about}"')
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
    return _unavailable(f"error trying to reach service: {reason}")


def _unavailable(message: str) -> Failure:
    return Failure(503, "ServiceUnavailable", message)


def _pass_on(call: Call, server: Server) -> Reply:
    path = call.route.rest or "/"
    if call.query:
        path += "?" + urlencode(call.query, doseq=True)
    request = f"{call.method} {path} HTTP/1.1\r\nHost: proxy\r\n\r\n".encode() + call.body
    head, _, body = server(request).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() not in ("content-length", "connection", "date"):
            headers[name.title() if name.lower() != "etag" else name] = value.strip()
    if headers.get("Content-Type", "").startswith("text/html"):
        base = call.path.removesuffix(call.route.rest) if call.route.rest else call.path
        body = rewritten(body, base.rstrip("/"))
    return Reply(int(first.split(" ")[1]), body, headers)


_START_TAG = re.compile(rb"<[A-Za-z][A-Za-z0-9]*[^<>]*>")
_LINK = re.compile(rb"""(?<=\s)(href|src|action|longdesc|cite|data|poster)=(["'])(/[^"']*)""")


def rewritten(page: bytes, base: str) -> bytes:
    """A page whose links from the root lead through the proxy; start tags in lower case.

    Follows apimachinery's proxy.Transport, which reads the page tag by tag and writes it anew.
    """

    def link(found: re.Match[bytes]) -> bytes:
        path = found[3]
        inside = path.startswith((base.encode(), b"//"))
        return found[1] + b"=" + found[2] + (b"" if inside else base.encode()) + path

    def tag(found: re.Match[bytes]) -> bytes:
        name, blank, rest = found[0].partition(b" ")
        return _LINK.sub(link, name.lower() + blank + rest)

    return _START_TAG.sub(tag, page)
