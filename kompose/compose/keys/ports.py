"""``ports``: ports of a container and where the host shows them.

The short syntax is ``[[host-ip:]published:]target[/protocol]``, with ranges.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from kompose.compose import shape
from kompose.compose.casts import to_int
from kompose.compose.entry_keys import indexed
from kompose.compose.form import Form, either, list_of, record
from kompose.compose.host_ips import bare_ip
from kompose.compose.key import Key, ShapeError
from kompose.compose.key_path import KeyPath, PathError
from kompose.compose.scalars import scalar_text
from kompose.compose.shape import one_of_kinds
from kompose.compose.values import NUMBER, TEXT

_PROTOCOLS = frozenset({"tcp", "udp", "sctp"})
_HIGHEST = 65535
_LONGEST = 20


class PublishedPort(NamedTuple):
    """A port of a container, and where the host shows it."""

    target: int
    published: str = ""
    """A number, a range, or empty for none."""
    protocol: str = "tcp"
    host_ip: str = ""


def parse_port(text: str) -> list[dict[str, Any]]:
    """The long forms that one short form stands for, in the order of their targets' texts.

    Raises:
        ValueError: It is no port; the message is the original's.
    """
    rest, _, container = text.rpartition(":")
    address, _, published = rest.rpartition(":")
    target, protocol = _protocol(container)
    host_ip = bare_ip(address)
    if not target:
        raise ValueError(f"No port specified: {text}<empty>")
    first, last = _range(target, "containerPort")
    low, high = _range(published, "hostPort") if published else (0, last - first)
    if published and high - low != last - first and last != first:
        raise ValueError(
            f"Invalid ranges specified for container and host Ports: {target} and {published}"
        )
    if protocol.lower() not in _PROTOCOLS:
        raise ValueError(f"Invalid proto: {protocol}")
    ports: list[dict[str, Any]] = []
    for port in sorted(range(first, last + 1), key=str):
        entry: dict[str, Any] = {"mode": "ingress", "protocol": protocol.lower()}
        if host_ip:
            entry["host_ip"] = host_ip
        if port:
            entry["target"] = port
        if published:
            dynamic = f"-{high}" if first == last and low != high else ""
            entry["published"] = f"{low + port - first}{dynamic}"
        ports.append(entry)
    return ports


def _protocol(container: str) -> tuple[str, str]:
    """The target and its protocol; what follows a second slash does not count."""
    target, protocol, *_ = (*container.split("/"), "", "")
    return target, protocol or "tcp"


def _range(text: str, what: str) -> tuple[int, int]:
    """Both ends of a range, or a port twice."""
    first, *more = text.split("-")
    low = _number(first)
    high = _number(more[0]) if more else low
    if low is None or high is None or high < low:
        raise ValueError(f"Invalid {what}: {text}")
    return low, high


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST:
        return None
    number = int(text)
    return number if number <= _HIGHEST else None


def _port(tree: dict[str, Any]) -> PublishedPort:
    return PublishedPort(
        target=int(tree.get("target") or 0),
        published=str(tree.get("published") or ""),
        protocol=tree.get("protocol") or "tcp",
        host_ip=tree.get("host_ip") or "",
    )


def _read(value: list[dict[str, Any]] | None) -> tuple[PublishedPort, ...]:
    return tuple(map(_port, value or ()))


def _long(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    ports: list[Any] = []
    for entry in value:
        if isinstance(entry, dict):
            published = entry.get("published")
            is_number = isinstance(published, int | float)
            ports.append({**entry, "published": scalar_text(published)} if is_number else entry)
        elif isinstance(entry, float):
            raise ShapeError("invalid type float64 for port")
        else:
            ports.extend(parse_port(scalar_text(entry)))
    return ports


def _with_defaults(ports: Any) -> Any:
    return [
        {"mode": "ingress", "protocol": "tcp", **port} if isinstance(port, dict) else port
        for port in ports
    ]


def _publication(entry: Any, path: KeyPath) -> str:
    """What a port publishes where: the key of its entry."""
    if not isinstance(entry, dict):
        return scalar_text(entry)
    if "target" not in entry:
        raise PathError(f"service ports {indexed(path)} is missing a target port", path)
    published = scalar_text(entry.get("published", ""))
    host = entry.get("host_ip", "0.0.0.0")  # noqa: S104  the key of "any address", not a bind
    protocol = entry.get("protocol", "tcp")
    return f"{host}:{published}:{entry['target']}/{protocol}"


_PORT = record(
    {
        **dict.fromkeys(("name", "mode", "host_ip"), TEXT),
        "target": NUMBER._replace(cast=to_int),
        "published": Form(one_of_kinds("string", "integer"), TEXT.decode),
        **dict.fromkeys(("protocol", "app_protocol"), TEXT),
    }
)
_NUMBER_OR_TEXT = shape.either(one_of_kinds("number"), TEXT.shape)
PORTS = Key(
    "ports",
    list_of(either(_NUMBER_OR_TEXT, _PORT))._replace(entry_key=_publication),
    read=_read,
    long=_long,
    with_defaults=_with_defaults,
)
