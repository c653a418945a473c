"""A server of pods and logs that is not the bottleneck: static answers over TLS, a thread each.

`python -m benchmarks.stern.server --kubeconfig FILE --streams 10 --lines 100000` serves until it is
ended; it writes the kubeconfig when it listens. Lists, watches and log requests look as a real
server's do; a log is cut into chunks of 32 lines, and ends, or stays open with --live. With
--every SECONDS a live log goes on with a line at a time, each telling when it was sent.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime as dt
import json
import re
import socket
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LINES_PER_CHUNK = 32  # as from a log that is read; one that is followed comes line by line
_BLOCK_LINES = 3200
_LOG_PATH = re.compile(rb"GET /api/v1/namespaces/[^/]+/pods/[^/]+/log")
_TAIL = re.compile(rb"[?&]tailLines=(\d+)")
_POD_PATH = re.compile(rb"GET /api/v1/namespaces/[^/]+/pods/[^/? ]+[? ]")
_TOKEN = "benchmark"


@dataclass(frozen=True)
class Load:
    """What is served: so many containers, each with so many lines of such a length."""

    streams: int
    lines: int
    line_bytes: int = 180
    is_live: bool = False
    every_seconds: float = 0.0
    lines_per_chunk: int = LINES_PER_CHUNK


def log_line(number: int, width: int) -> bytes:
    """One line as a kubelet sends it: stamp, blank, and a JSON message of a service."""
    stamp = f"2026-11-20T12:{number // 6000 % 60:02d}:{number // 100 % 60:02d}.{number:09d}Z "
    status = 200 if number % 50 else 500
    level = "info" if number % 10 else "warn"
    message = (
        f'{{"level":"{level}","status":{status},"path":"/cart/{number % 977}","n":{number},'
        f'"msg":"served","pad":"'
    )
    pad = "x" * max(0, width - len(stamp) - len(message) - 3)
    return f'{stamp}{message}{pad}"}}\n'.encode()


def chunked(lines: list[bytes], each: int = LINES_PER_CHUNK) -> bytes:
    """The lines in HTTP chunks of so many."""
    chunks = (b"".join(lines[start : start + each]) for start in range(0, len(lines), each))
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


class Server:
    """Answers from bytes that were made beforehand."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._lines = [log_line(n, load.line_bytes) for n in range(_BLOCK_LINES)]
        self._block = chunked(self._lines, load.lines_per_chunk)
        self._rest = chunked(self._lines[: load.lines % _BLOCK_LINES], load.lines_per_chunk)
        pods = [_pod(number) for number in range(load.streams)]
        whole = [{"kind": "Pod", "apiVersion": "v1", **pod} for pod in pods]
        self._first_pod = json.dumps(whole[0]).encode()
        self._added = chunked(
            [json.dumps({"type": "ADDED", "object": pod}).encode() + b"\n" for pod in whole]
        )
        self._pods = json.dumps(
            {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"},
             "items": pods}
        ).encode()  # fmt: skip

    def serve(self, connection: ssl.SSLSocket) -> None:
        """Answer the requests of one connection."""
        with contextlib.suppress(OSError), connection:
            connection.do_handshake()
            pending = b""
            while True:
                while b"\r\n\r\n" not in pending:
                    received = connection.recv(65536)
                    if not received:
                        return
                    pending += received
                request, _, pending = pending.partition(b"\r\n\r\n")
                self._answer(connection, request)

    def _answer(self, connection: ssl.SSLSocket, request: bytes) -> None:
        if _LOG_PATH.match(request):
            self._send_log(connection, request)
        elif b"watch=true" in request:
            connection.sendall(_head(None, "application/json"))
            if b"resourceVersion=" not in request:  # then a watch begins with what there is
                connection.sendall(self._added)
            while connection.recv(65536):
                pass
        elif document := _discovery(request):
            connection.sendall(_head(len(document), "application/json") + document)
        elif _POD_PATH.match(request):
            connection.sendall(_head(len(self._first_pod), "application/json") + self._first_pod)
        else:
            connection.sendall(_head(len(self._pods), "application/json") + self._pods)

    def _send_log(self, connection: ssl.SSLSocket, request: bytes) -> None:
        tail, lines = _TAIL.search(request), self._load.lines
        wanted = lines if tail is None else min(int(tail[1]), lines)
        connection.sendall(_head(None, "text/plain"))
        for _ in range(wanted // _BLOCK_LINES):
            connection.sendall(self._block)
        rest = wanted % _BLOCK_LINES
        connection.sendall(self._rest if wanted == lines else chunked(self._lines[:rest]))
        if self._load.is_live and b"follow=true" in request:
            self._go_on(connection)
        connection.sendall(b"0\r\n\r\n")

    def _go_on(self, connection: ssl.SSLSocket) -> None:
        """Until the client has gone: nothing, or a line from time to time."""
        if not self._load.every_seconds:
            while connection.recv(65536):
                pass
            return
        number = 0
        while True:
            time.sleep(self._load.every_seconds)
            number += 1
            line = b"2026-11-20T13:00:00.%09dZ sent %d\n" % (number, time.time_ns())
            connection.sendall(b"%x\r\n%b\r\n" % (len(line), line))


_DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod",
             "verbs": ["get", "list", "watch"]},
            {"name": "pods/log", "singularName": "", "namespaced": True, "kind": "Pod",
             "verbs": ["get"]},
        ],
    },
}  # fmt: skip


def _discovery(request: bytes) -> bytes:
    """What kubectl asks for before anything else; empty for other requests."""
    path = request.split(b" ", 2)[1].partition(b"?")[0].decode()
    return json.dumps(_DISCOVERY[path]).encode() if path in _DISCOVERY else b""


def _head(length: int | None, kind: str) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{size}\r\n\r\n".encode()


def _pod(number: int) -> dict[str, object]:
    name = f"web-{number:04d}-5d9c7b8f6-x2x4z"
    return {
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{number}",
            "resourceVersion": "1",
            "labels": {"app": "web", "pod-template-hash": "5d9c7b8f6"},
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "web:1"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "app",
                    "containerID": f"containerd://{number}",
                    "ready": True,
                    "state": {"running": {"startedAt": "2026-11-20T12:00:00Z"}},
                }
            ],
        },
    }


def certificate() -> tuple[bytes, bytes]:
    """A certificate for the loopback address, its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmark")])
    now = dt.datetime.now(dt.UTC)
    loopback = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(loopback, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(encoding), private


def kubeconfig(port: int, authority: bytes) -> str:
    """A kubeconfig for the server, as JSON, which is YAML too."""
    cluster = {
        "server": f"https://localhost:{port}",
        "certificate-authority-data": base64.b64encode(authority).decode(),
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "benchmark",
            "contexts": [
                {"name": "benchmark", "context": {"cluster": "benchmark", "user": "benchmark"}}
            ],
            "clusters": [{"name": "benchmark", "cluster": cluster}],
            "users": [{"name": "benchmark", "user": {"token": _TOKEN}}],
        }
    )


def tls_context(cert: bytes, key: bytes) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(cert + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--line-bytes", type=int, default=180)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--every", type=float, default=0.0)
    parser.add_argument("--lines-per-chunk", type=int, default=LINES_PER_CHUNK)
    options = parser.parse_args()
    load = Load(
        options.streams,
        options.lines,
        options.line_bytes,
        options.live,
        options.every,
        options.lines_per_chunk,
    )
    server = Server(load)
    cert, key = certificate()
    context = tls_context(cert, key)
    listener = socket.create_server(("localhost", 0), backlog=4096)
    draft = options.kubeconfig.with_suffix(".new")
    draft.write_text(kubeconfig(listener.getsockname()[1], cert))
    draft.replace(options.kubeconfig)
    threading.stack_size(256 * 1024)
    while True:
        plain, _ = listener.accept()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve, args=(secure,), daemon=True).start()


if __name__ == "__main__":
    main()
