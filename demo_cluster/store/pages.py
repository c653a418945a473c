"""What answers on the ports of pods: a page for each talking image, and services before them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Protocol

from demo_cluster.containers.images import Image
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.selection import label_matcher
from demo_cluster.store.storage import Storage
from demo_cluster.toybox.machine import Network, Server
from demo_cluster.toybox.network_programs import http_answer

HEALTH_PATH = re.compile(r"/(?:healthz?|readyz?|livez?|healthy|ping|status|up)(?:/[\w-]+)*/?$")
"""Where servers are asked how they are."""
_FIELD = re.compile(r"\{(pod|container|namespace|port)\}")
"""What a page may say of itself; other braces stay as they are."""


class Listener(Protocol):
    """A pod with ports on which something may answer."""

    @property
    def name(self) -> str:
        """The pod's name."""
        ...

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        ...

    @property
    def network(self) -> Network:
        """Its open ports."""
        ...


class Plan(Protocol):
    """What a run is made of."""

    @property
    def image(self) -> Image:
        """What it runs."""
        ...


class Talker(Protocol):
    """The run of a container that answers."""

    @property
    def plan(self) -> Plan:
        """What it is made of."""
        ...

    @property
    def has_begun(self) -> bool:
        """Whether it can do its work."""
        ...

    @property
    def is_unwilling(self) -> bool:
        """Whether it takes none now."""
        ...

    @property
    def is_hung(self) -> bool:
        """Whether it will take no more."""
        ...


FindListener = Callable[[str, str], Listener | None]
"""The pod of a namespace and a name, when it is on a node."""


class Pages:
    """The HTTP side of pods."""

    def __init__(self, find_listener: FindListener) -> None:
        self._find_listener = find_listener

    @staticmethod
    def open_ports(listener: Listener, container: Obj, run: Talker) -> list[int]:
        """A talking image listens on its own ports and those that the pod declares; returns them.

        A port that another container of the pod has is not opened again.
        """
        declared = [port["containerPort"] for port in container.get("ports") or ()]
        servers = listener.network.servers
        opened = [port for port in {*declared, *run.plan.image.ports} if port not in servers]
        for port in opened:
            servers[port] = _page(listener, container["name"], run, port)
        return opened

    def service(self, storage: Storage, namespace: str, host: str, port: int) -> Server | None:
        """The server behind a service's name (`cart`, `cart.shop`, ...) or address and port."""
        found = self._service(storage, namespace, host)
        if found is None:
            return self._pod_by_address(storage, host, port)
        spec = found.get("spec", {})
        target = next((p for p in spec.get("ports") or () if p["port"] == port), None)
        if target is None or not spec.get("selector"):
            return None
        selector = ",".join(f"{key}={value}" for key, value in spec["selector"].items())
        matches = label_matcher(selector)
        for pod in storage.list(kind_of("pods"), found["metadata"]["namespace"]):
            if matches(pod) and pod.get("status", {}).get("phase") == "Running":
                server = self._pod_server(pod, target.get("targetPort", port))
                if server:
                    return server
        return None

    @staticmethod
    def _service(storage: Storage, namespace: str, host: str) -> Obj | None:
        name, _, rest = host.partition(".")
        services = kind_of("services")
        found = storage.get(services, rest.partition(".")[0] or namespace, name)
        if found is not None:
            return found
        for each in storage.list(services):
            if each.get("spec", {}).get("clusterIP") == host:
                return each
        return None

    def _pod_by_address(self, storage: Storage, host: str, port: int) -> Server | None:
        for pod in storage.list(kind_of("pods")):
            if pod.get("status", {}).get("podIP") == host:
                return self._pod_server(pod, port)
        return None

    def _pod_server(self, pod: Obj, port: int | str) -> Server | None:
        meta = pod["metadata"]
        listener = self._find_listener(meta["namespace"], meta["name"])
        if listener is None:
            return None
        return listener.network.servers.get(port_number(pod, port))


def port_number(pod: Obj, port: int | str) -> int:
    """A port by number or by its name in the pod."""
    if isinstance(port, int) or port.isdigit():
        return int(port)
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or ():
            if each.get("name") == port:
                return int(each["containerPort"])
    return 0


_PHRASES = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


def _page(listener: Listener, container: str, run: Talker, port: int) -> Server:
    image = run.plan.image
    facts = {
        "pod": listener.name,
        "container": container,
        "namespace": listener.namespace,
        "port": str(port),
    }

    def serve(request: bytes) -> bytes:
        first = request.split(b"\r\n", 1)[0].decode("utf-8", "replace").split(" ")
        path = (first[1] if len(first) > 1 else "/").partition("?")[0]
        code = _code(run, path)
        if code != 200:
            phrase = _PHRASES.get(code, "Status")
            said = "page not found" if code == 404 else phrase.lower()
            return http_answer(f"{code} {phrase}", f"{code} {said}\n".encode(), _PLAIN)
        if path == "/api" or path.startswith("/api/"):
            body = {"pod": listener.name, "namespace": listener.namespace, "path": path}
            return http_answer("200 OK", json.dumps(body).encode() + b"\n", "application/json")
        if path not in ("/", "/index.html"):
            return http_answer("200 OK", b"ok\n", _PLAIN)
        page = image.page or (
            "<!doctype html>\n<title>{pod}</title>\n<h1>{pod}</h1>\n"
            "<p>Container {container} in namespace {namespace}, port {port}.</p>\n"
        )
        return http_answer("200 OK", _FIELD.sub(lambda field: facts[field[1]], page).encode())

    return serve


_PLAIN = "text/plain"


def _code(run: Talker, path: str) -> int:
    """The status of the answer, as the image has it and as the container is now."""
    if run.is_hung:
        return 500
    code = next(
        (c for pattern, c in run.plan.image.answers.items() if fnmatchcase(path, pattern)), 0
    )
    if code:
        return code
    if HEALTH_PATH.search(path):
        is_willing = run.has_begun and not run.is_unwilling
        return 200 if is_willing or "ready" not in path else 503
    return 200 if path in ("/", "/api") or path.startswith("/api/") else 404
