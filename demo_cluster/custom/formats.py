"""The formats of texts that the schema of a custom kind may ask for. Pure."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(:\d\d)?)([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)?")
_DURATION = re.compile(r"[+-]?(0|(\d+(\.\d*)?|\.\d+) ?[a-zµ]+)+")
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def fits_format(name: str, text: str) -> bool:
    """Whether the text has this format; formats that the server does not know fit all texts."""
    check = _FORMATS.get(name.replace("-", "") if not name.startswith("k8s") else name)
    return check is None or check(text)


def _pattern(pattern: str, longest: int = 1 << 20) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: len(text) <= longest and compiled.fullmatch(text) is not None


def _parsed(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, binascii.Error):
            return False
        return True

    return check


def _is_time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    clock = match[2] if match[3] else f"{match[2]}:00"
    return _parsed(datetime.fromisoformat)(f"{match[1]}T{clock}")


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return text.startswith("/") or bool(parts.scheme and (parts.netloc or parts.path))


_FORMATS: dict[str, Callable[[str], bool]] = {
    "byte": _parsed(lambda text: base64.b64decode(text, validate=True)),
    "cidr": lambda text: "/" in text and _parsed(ipaddress.ip_interface)(text),
    "date": _parsed(lambda text: datetime.strptime(text, "%Y-%m-%d")),  # noqa: DTZ007 - a date
    "datetime": _is_time,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "email": _pattern(r"(.*<)?[^@\s<>]+@[^@\s<>]+>?"),
    "hexcolor": _pattern(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "hostname": _pattern(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*", 255),
    "ipv4": _parsed(ipaddress.IPv4Address),
    "ipv6": _parsed(ipaddress.IPv6Address),
    "k8s-long-name": _pattern(rf"{_LABEL}(\.{_LABEL})*", 253),
    "k8s-short-name": _pattern(_LABEL, 63),
    "mac": _pattern(r"([0-9A-Fa-f]{2}[:-]){5}([0-9A-Fa-f]{2}[:-]){0,14}[0-9A-Fa-f]{2}"),
    "uri": _is_address,
    "uuid": _pattern(f"(?i:{_UUID})"),
}
