"""Names, numbers and addresses: what is wrong with a text, each reason in the server's words."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from demo_cluster.selection import LABEL_VALUE_RULE, NAME_PART_RULE

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
SERVICE_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
    "with an alphabetic character, and end with an alphanumeric character (e.g. "
    "'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
CONFIG_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_WILDCARD_RULE = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
    "must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric "
    "character (e.g. '*.example.com', regex used for validation is "
    "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_PERCENT_RULE = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
    "'93%', regex used for validation is '[0-9]+%')"
)
_QUALIFIED_RULE = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
    "prefix and '/' (e.g. 'example.com/MyName')"
)
_NETWORK_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_VARIABLE_RULE = (
    "a valid environment variable name must consist only of printable ASCII characters other "
    "than '='"
)
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_OLD_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_WILDCARD = re.compile(r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PRINTABLE = re.compile(r"[ -<>-~]+")
_PERCENT = re.compile(r"[0-9]+%")


def label(text: str) -> list[str]:
    """A DNS label, such as the name of a container."""
    rule = "must not contain dots" if _SUBDOMAIN.fullmatch(text) else LABEL_RULE
    return _named(text, 63, _LABEL, rule)


def subdomain(text: str) -> list[str]:
    """A DNS subdomain, such as the name of most objects."""
    return _named(text, 253, _SUBDOMAIN, SUBDOMAIN_RULE)


def dns_1035_label(text: str) -> list[str]:
    """A DNS label that begins with a letter, such as the plural name of a kind."""
    return _named(text, 63, _OLD_LABEL, SERVICE_RULE)


def wildcard(text: str) -> list[str]:
    """A DNS subdomain with a star in front."""
    return _named(text, 253, _WILDCARD, _WILDCARD_RULE)


def _named(text: str, limit: int, pattern: re.Pattern[str], rule: str) -> list[str]:
    reasons = [f"must be no more than {limit} characters"] if len(text) > limit else []
    return reasons if pattern.fullmatch(text) else [*reasons, rule]


def path_segment(text: str) -> list[str]:
    """A name that may stand in a path."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{each}'" for each in ("/", "%") if each in text]


def qualified_name(text: str) -> list[str]:
    """The key of a label: a name, perhaps with a prefix."""
    prefix, slash, name = text.rpartition("/")
    if slash and "/" in prefix:
        return [_QUALIFIED_RULE]
    reasons = []
    if slash and not prefix:
        reasons.append("prefix part must be non-empty")
    elif slash:
        reasons += [f"prefix part {why}" for why in subdomain(prefix)]
    if not name:
        reasons.append("name part must be non-empty")
    elif len(name) > 63:
        reasons.append("name part must be no more than 63 bytes")
    return reasons if _NAME_PART.fullmatch(name) else [*reasons, NAME_PART_RULE]


def label_value(text: str) -> list[str]:
    """The value of a label."""
    reasons = ["must be no more than 63 bytes"] if len(text) > 63 else []
    return reasons if _LABEL_VALUE.fullmatch(text) else [*reasons, LABEL_VALUE_RULE]


def config_key(text: str) -> list[str]:
    """A key of a config map's data."""
    if len(text) > 253:
        return ["must be no more than 253 characters"]
    if text in (".", "..") or text.startswith(".."):
        word = "be" if text in (".", "..") else "start with"
        return [f"must not {word} '{text if word == 'be' else '..'}'"]
    return [] if _CONFIG_KEY.fullmatch(text) else [CONFIG_KEY_RULE]


def variable_name(text: str) -> list[str]:
    """The name of an environment variable."""
    return [] if _PRINTABLE.fullmatch(text) else [_VARIABLE_RULE]


def port_number(value: int) -> list[str]:
    """A port."""
    return [] if 1 <= value <= 65535 else ["must be between 1 and 65535, inclusive"]


def port_name(text: str) -> list[str]:
    """The name of a container's port."""
    reasons = []
    if len(text) > 15:
        reasons.append("must be no more than 15 characters")
    if not re.fullmatch(r"[-a-z0-9]+", text):
        reasons.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", text):
        reasons.append("must contain at least one letter (a-z)")
    if "--" in text:
        reasons.append("must not contain consecutive hyphens")
    if text[:1] == "-" or text[-1:] == "-":
        reasons.append("must not begin or end with a hyphen")
    return reasons


def port(value: Any) -> list[str]:
    """The number or the name of a port."""
    return port_name(value) if isinstance(value, str) else port_number(int(value or 0))


def address(text: str) -> list[str]:
    """An IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def network(text: str) -> list[str]:
    """A range of addresses."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return [_NETWORK_RULE]
    return [] if "/" in text else [_NETWORK_RULE]


def count_or_percent(value: Any) -> list[str]:
    """How many, as a number or a share."""
    if isinstance(value, str):
        return [] if _PERCENT.fullmatch(value) else [_PERCENT_RULE]
    return [] if value >= 0 else ["must be greater than or equal to 0"]


def at_most_all(value: Any) -> list[str]:
    """A share of no more than everything."""
    is_share = isinstance(value, str) and _PERCENT.fullmatch(value)
    return ["must not be greater than 100%"] if is_share and int(value[:-1]) > 100 else []
