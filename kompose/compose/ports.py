"""The short syntax of ports: ``[[host-ip:]published:]target[/protocol]``, with ranges."""

from __future__ import annotations

from typing import Any

_PROTOCOLS = frozenset({"tcp", "udp", "sctp"})
_HIGHEST = 65535
_LONGEST = 20


def parse_port(text: str) -> list[dict[str, Any]]:
    """The long forms that one short form stands for.

    Raises:
        ValueError: It is no port; the message is the original's.
    """
    address, protocol = _protocol(text)
    host_ip, published, target = _split(address)
    if not target:
        raise ValueError(f"No port specified: {text}<empty>")
    first, last = _range(target, "containerPort")
    common: dict[str, Any] = {"mode": "ingress"}
    _check_protocol(protocol)
    if host_ip:
        common["host_ip"] = _host_ip(host_ip)
    ports = [
        {**common, **({"target": port} if port else {}), "protocol": protocol}
        for port in range(first, last + 1)
    ]
    if not published:
        return ports
    low, high = _range(published, "hostPort")
    if high - low == last - first:
        for offset, port in enumerate(ports):
            port["published"] = str(low + offset)
        return ports
    if last > first:
        raise ValueError(
            f"Invalid ranges specified for container and host Ports: {target} and {published}"
        )
    ports[0]["published"] = published if low != high else str(low)
    return ports


def _protocol(text: str) -> tuple[str, str]:
    """The address and the protocol; more than one slash leaves what stands in between."""
    address, *protocols = text.split("/")
    protocol = protocols[0] if protocols else ""
    return address, protocol.lower() or "tcp"


def _check_protocol(protocol: str) -> None:
    if protocol not in _PROTOCOLS:
        raise ValueError(f"Invalid proto: {protocol}")


def _split(address: str) -> tuple[str, str, str]:
    """Host address, published and target part."""
    rest, _, target = address.rpartition(":")
    host_ip, _, published = rest.rpartition(":")
    return host_ip, published, target


def _host_ip(text: str) -> str:
    import ipaddress  # rarely needed, and slow to load

    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare and bare is text:
        raise ValueError(f"Invalid ip address {text}: address {text}:: too many colons in address")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        raise ValueError(f"Invalid ip address: {bare}") from None
    return bare


def _range(text: str, what: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    low = _number(first)
    high = _number(last) if dash else low
    if low is None or high is None or high < low:
        raise ValueError(f"Invalid {what}: {text}")
    return low, high


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST:
        return None
    number = int(text)
    return number if number <= _HIGHEST else None
