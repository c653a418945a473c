"""A transport that answers from values, under the real client: what was asked can be looked at."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.errors import UnreachableError
from kube_client.transport import Request, SocketAccess


@dataclass
class CannedResponse:
    """An answer that is known beforehand."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False

    async def read(self) -> bytes:
        return self.body

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        if self.body:
            yield self.body
        if self.is_cut:
            raise UnreachableError("cut")

    async def aclose(self) -> None:
        return None


Answer = Callable[[Request], CannedResponse]


@dataclass
class CannedTransport:
    """Answers every request with what a function says."""

    answer: Answer
    requests: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> CannedResponse:
        self.requests.append(request)
        return self.answer(request)

    async def socket_access(self, *, renew: bool = False) -> SocketAccess:
        raise AssertionError("no sockets here")

    async def aclose(self) -> None:
        return None


def canned_client(answer: Answer, namespace: str = "default") -> tuple[Client, CannedTransport]:
    """A client on canned answers, and the transport that saw the requests."""
    transport = CannedTransport(answer)
    access = ClusterAccess(server="https://canned.example", namespace=namespace)
    return Client(transport, access), transport


def json_response(body: object, status: int = 200) -> CannedResponse:
    """A JSON answer."""
    return CannedResponse(status, json.dumps(body).encode(), {"content-type": "application/json"})


def failure(status: int, reason: str, message: str) -> CannedResponse:
    """A refusal as the API server words it."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": status,
    }
    return json_response(body, status)
