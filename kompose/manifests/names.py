"""Compose names as names of Kubernetes objects. Pure."""

import re
from binascii import crc32

_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")
_NOT_IN_NETWORK_NAME = re.compile(r"[^A-Za-z0-9.-]")
_NOT_IN_LABEL = re.compile(r"[^a-z0-9-]")
_LONGEST = 63


def key_name(name: str) -> str:
    """The name of workloads, labels and selectors: `My_Web.x` gives `my-web-x`."""
    return name.lower().replace(".", "-").replace("_", "-")


def dns_label(name: str) -> str:
    """The name as the API takes it: small letters, digits and inner dashes, at most 63."""
    return _NOT_IN_LABEL.sub("-", name.lower())[:_LONGEST].strip("-")


def service_label(name: str) -> str:
    """The name as a Service may have it: a label that begins with a letter."""
    label = dns_label(name)
    return dns_label(f"s-{label}") if label[:1].isdigit() else label


def with_suffix(name: str, suffix: str) -> str:
    """A label of the API from a name and what stands behind it.

    A name that is too long for both is cut, and told apart from others by a number of its own.
    """
    whole = f"{name}-{suffix}"
    if len(whole) <= _LONGEST:
        return whole
    end = f"-{crc32(name.encode()):08x}-{suffix}"
    return f"{name[: _LONGEST - len(end)].rstrip('-')}{end}"


def dashed(name: str) -> str:
    """The name with dashes for underscores, letters kept."""
    return name.replace("_", "-")


def resource_name(name: str) -> str:
    """The name of a secret or claim: `My_Secret` gives `my-secret`."""
    return name.lower().replace("_", "-")


def network_name(name: str) -> str:
    """The name of a network's policy and label."""
    return _NOT_IN_NETWORK_NAME.sub("", name.lower().replace("_", "-"))


def env_file_name(path: str, service: str) -> str:
    """The name of the ConfigMap of an env file, from its path relative to the project."""
    name = _NOT_ALPHANUMERIC.sub("-", path.strip("./"))
    if name.startswith("-"):
        name = service + name
    return name[:_LONGEST]
