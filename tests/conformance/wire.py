"""HTTP to the demo cluster, one connection for each request, as the recorder did it."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

_TIMEOUT = 8.0
_SILENCE = 0.4
"""Seconds without a line after which nothing more is told of what has been done."""


@dataclass(slots=True)
class Answer:
    """What the server said; `lines` are those of a stream."""

    status: int
    headers: dict[str, str | list[str]]
    body: bytes = b""
    lines: list[bytes] = field(default_factory=list)

    @property
    def value(self) -> Any:
        """The body as JSON where it is, else as text."""
        text = self.body.decode(errors="replace")
        try:
            return json.loads(text)
        except ValueError:
            return text


class Wire:
    """Sends requests as one of the recorded users."""

    def __init__(self, server: str, authority: bytes, tokens: Mapping[str, str]) -> None:
        split = urlsplit(server)
        self._host, self._port = split.hostname or "", split.port or 443
        self._context = ssl.create_default_context(cadata=authority.decode())
        self._tokens = dict(tokens)

    def add_user(self, name: str, token: str) -> None:
        """Another user that requests may come from."""
        self._tokens[name] = token

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        user: str = "admin",
        is_stream: bool = False,
        meanwhile: Callable[[], None] | None = None,
    ) -> Answer:
        """One request and the whole answer, a stream until the server ends it.

        A stream with something to do `meanwhile` is left when that is done and all of it is told.
        """
        target = quote(path, safe="/:!@$&'()*+,;=-._~%")
        if query:
            target += "?" + urlencode(query, doseq=True)
        sent = {"Connection": "close", "User-Agent": "recorder/1.0", **(headers or {})}
        token = self._tokens.get(user)
        if token is not None and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {token}"
        payload = body
        if body is not None and not isinstance(body, str | bytes):
            payload = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=_TIMEOUT, context=self._context
        )
        try:
            connection.request(method, target, payload, sent)
            stream = connection.sock
            response = connection.getresponse()
            found: dict[str, str | list[str]] = {}
            for name in response.headers:
                values = response.headers.get_all(name) or []
                found[name] = values[0] if len(values) == 1 else values
            if not is_stream:
                body_bytes = response.read()
                if found.get("Content-Encoding") == "gzip":
                    body_bytes = gzip.decompress(body_bytes)
                return Answer(response.status, found, body_bytes)
            if meanwhile is None:
                return Answer(response.status, found, lines=_lines(response))
            lines = _lines_while(response, stream, meanwhile)
            return Answer(response.status, found, lines=lines)
        finally:
            connection.close()


def _lines(response: http.client.HTTPResponse) -> list[bytes]:
    lines = []
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        line = response.readline()
        if not line:
            break
        lines.append(line)
    return lines


def _lines_while(
    response: http.client.HTTPResponse,
    stream: socket.socket,
    meanwhile: Callable[[], None],
) -> list[bytes]:
    lines: list[bytes] = []

    def read() -> None:
        with suppress(OSError, ValueError, http.client.HTTPException):
            while line := response.readline():
                lines.append(line)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        meanwhile()
        told = -1
        while reader.is_alive() and told < len(lines):
            told = len(lines)
            reader.join(_SILENCE)
    finally:
        with suppress(OSError):
            stream.shutdown(socket.SHUT_RDWR)
        reader.join()
    return lines
