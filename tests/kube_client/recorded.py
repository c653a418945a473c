"""Recorded answers of a real API server, and a server that gives them again."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kube_client.client import Client
from kube_client.cluster_access import ClusterAccess
from kube_client.connect import connect_to
from tests.kube_client.wire_server import Received, Visit, wire_server

Exchange = dict[str, Any]


def exchanges(shared_data: Path, file: str) -> dict[str, Exchange]:
    """The exchanges of one file by id."""
    content = json.loads((shared_data / "api-transcripts" / file).read_text())
    listed = content if isinstance(content, list) else content["exchanges"]
    return {exchange["id"]: exchange for exchange in listed}


@asynccontextmanager
async def replaying(
    choose: Callable[[Received], Exchange | None],
) -> AsyncIterator[tuple[Client, list[Received]]]:
    """A client of a server that answers each request with the chosen recording, or 404.

    A recorded watch is sent whole; then the connection stays open.
    """
    asked: list[Received] = []

    async def handler(visit: Visit) -> None:
        while (received := await visit.request()) is not None:
            asked.append(received)
            exchange = choose(received)
            if exchange is None:
                body = {"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"}
                await visit.answer(json.dumps(body).encode(), "404 Not Found")
            elif "stream" in exchange["response"]:
                await visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for part in exchange["response"]["stream"]:
                    line = json.dumps(part["json"]).encode() + b"\n"
                    await visit.say(b"%x\r\n%s\r\n" % (len(line), line))
                await visit.reader.read()
            else:
                response = exchange["response"]
                body = response["body"]
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                await visit.answer(content, f"{response['status']} Recorded")

    async with wire_server(handler, tls=False) as server:
        access = ClusterAccess(f"http://127.0.0.1:{server.port}")
        async with connect_to(access, {}) as client:
            yield client, asked


def path_of(received: Received) -> str:
    """The path of a request, without its query."""
    return urlsplit(received.target).path
