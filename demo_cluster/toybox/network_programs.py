"""Programs about the network: wget, curl, nc, netstat, httpd."""

from __future__ import annotations

import mimetypes
import posixpath
import re
from collections.abc import Callable, Mapping

from demo_cluster.toybox.command_line import complain, options, read_all
from demo_cluster.toybox.filesystem import Directory, FileError
from demo_cluster.toybox.machine import Machine, Program, Server, decode, encode
from demo_cluster.toybox.processes import Process, Suspension


async def netstat(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Netstat and ss: listeners and connections."""
    lines = [
        "Active Internet connections",
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State",
    ]
    lines += [
        f"tcp        0      0 {f'0.0.0.0:{port}':<23} {'0.0.0.0:*':<23} LISTEN"
        for port in sorted(machine.network.servers)
    ]
    if not any("l" in word for word in arguments[1:]):
        for port, host, remote in machine.network.connections():
            local = f"{machine.network.address}:{port}"
            lines.append(f"tcp        0      0 {local:<23} {f'{host}:{remote}':<23} ESTABLISHED")
    await process.stdout.write(encode("\n".join(lines) + "\n"))
    return 0


_VALUED = (
    "--connect-timeout",
    "--data",
    "--header",
    "--max-time",
    "--output",
    "--output-document",
    "--request",
    "--retry",
    "--user",
    "--user-agent",
    "--write-out",
)
"""Long options that take the next word when it is not theirs by `=`."""


def _plain_words(arguments: list[str]) -> tuple[set[str], list[str]]:
    """Long options, and the words that are neither options nor the values of long ones."""
    known, words = set(), []
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("--"):
            words.append(word)
            continue
        known.add(word.partition("=")[0])
        if word in _VALUED:
            next(rest, None)
    return known, words


def _server_at(machine: Machine, host: str, port: int) -> Server | None:
    local = host in ("localhost", "127.0.0.1", "[::1]", machine.network.address, machine.hostname)
    return machine.network.servers.get(port) if local else machine.network.reach(host, port)


async def fetch(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Wget and curl, as far as services of the cluster answer."""
    name = posixpath.basename(arguments[0])
    long, short = _plain_words(arguments[1:])
    flags, words = options(short, "OoTHXdmwuAbt" if name == "curl" else "OoTHXdmtUP")
    url = next(iter(words), "")
    match = re.fullmatch(r"(?:(https?)://)?([^/:]+|\[::1\])(?::(\d+))?(/.*)?", url)
    if match is None:
        return await complain(process, name, "missing URL")
    usual = 443 if match[1] == "https" else 80
    host, port, path = match[2], int(match[3] or usual), match[4] or "/"
    server = _server_at(machine, host, port)
    if server is None:
        return await _unreachable(process, name, host, port)
    answer = server(encode(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    head, _, body = answer.partition(b"\r\n\r\n")
    status = decode((head.split(b" ", 2)[1:2] or [b"200"])[0])
    if name == "wget" and status >= "400":
        return await complain(
            process, name, f"server returned error: {decode(head.splitlines()[0])}"
        )
    if name == "curl" and status >= "400" and ("f" in flags or "--fail" in long):
        if "s" not in flags or "S" in flags:
            text = f"(22) The requested URL returned error: {status}"
            await complain(process, name, text)
        return 22
    if "--spider" in long:
        return 0
    target = (
        flags.get("O")
        or flags.get("o")
        or ("-" if name == "curl" else posixpath.basename(path) or "index.html")
    )
    sink = process.stdout if target == "-" else machine.writer(process, target)
    await sink.write(answer if name == "curl" and "i" in flags else body)
    if name == "curl" and "w" in flags:
        text = flags["w"].replace("%{http_code}", status).replace("\\n", "\n")
        await process.stdout.write(encode(text))
    return 0


async def connect(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Nc: with -z only whether somebody listens; else stdin there, and the answer here."""
    flags, words = options(arguments[1:], "wpsi")
    if len(words) < 2 or not words[1].isdigit():
        return await complain(process, "nc", "host and port, please")
    host, port = words[0], int(words[1])
    server = _server_at(machine, host, port)
    if server is None:
        return await complain(process, "nc", f"{host} ({host}:{port}): Connection refused")
    if "z" in flags:
        if "v" in flags:
            await process.stderr.write(encode(f"{host} ({host}:{port}) open\n"))
        return 0
    await process.stdout.write(server(await read_all(process.stdin)))
    return 0


async def _unreachable(process: Process, name: str, host: str, port: int) -> int:
    if name == "curl":
        await process.stderr.write(
            encode(f"curl: (7) Failed to connect to {host} port {port}: Connection refused\n")
        )
        return 7
    return await complain(
        process, name, f"can't connect to remote host ({host}): Connection refused"
    )


async def httpd(machine: Machine, process: Process, arguments: list[str]) -> int:
    """Busybox httpd: serves a folder on a port."""
    flags, _ = options(arguments[1:], "ph")
    folder = machine.absolute(process, flags.get("h", "."))
    port = int(flags.get("p", "80").rpartition(":")[2])
    if port in machine.network.servers:
        return await complain(process, "httpd", "bind: Address already in use")
    machine.network.servers[port] = _folder_server(machine, folder)
    if "f" not in flags:
        return 0
    try:
        await Suspension(lambda _wake: None)
    finally:
        machine.network.servers.pop(port, None)
    return 0


def _folder_server(machine: Machine, folder: str) -> Callable[[bytes], bytes]:
    def serve(request: bytes) -> bytes:
        words = decode(request.split(b"\r\n", 1)[0]).split(" ")
        path = posixpath.normpath("/" + (words[1] if len(words) > 1 else "/").split("?")[0])
        full = posixpath.join(folder, path.lstrip("/"))
        if isinstance(machine.files.lookup(full), Directory):
            full = posixpath.join(full, "index.html")
        now = machine.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        try:
            body = machine.files.read(full)
        except FileError:
            return _busybox_answer("404 Not Found", now, _NOT_FOUND, {"Content-type": "text/html"})
        node = machine.files.lookup(full)
        changed = int(getattr(node, "modified", 0.0))
        headers = {"ETag": f'"{changed:x}-{len(body):x}"', "Content-Length": str(len(body))}
        kind = mimetypes.guess_type(full)[0]
        return _busybox_answer(
            "200 OK", now, body, {**({"Content-type": kind} if kind else {}), **headers}
        )

    return serve


_NOT_FOUND = (
    b"<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\n"
    b"The requested URL was not found\n</BODY></HTML>\n"
)


def _busybox_answer(status: str, now: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    first = {"Date": now, "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in first.items())
    return encode(f"HTTP/1.1 {status}\r\n{head}\r\n") + body


def http_answer(status: str, body: bytes, kind: str = "text/html") -> bytes:
    """A whole HTTP answer."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return encode(head) + body


PROGRAMS: dict[str, Program] = {"netstat": netstat, "wget": fetch, "nc": connect, "httpd": httpd}
DEBIAN_PROGRAMS: dict[str, Program] = {"curl": fetch, "ss": netstat}
