"""Compose names as names of Kubernetes objects. Pure."""

import re
from binascii import crc32

_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")
_NOT_IN_NETWORK_NAME = re.compile(r"[^A-Za-z0-9.-]")
_NOT_IN_LABEL = re.compile(r"[^a-z0-9-]")
_LONGEST = 63
_LONGEST_PREFIX = 253
_LABEL_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")


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


def is_label_key(text: str) -> bool:
    """Whether a text may be the key of a label; an annotation's may have capitals before `/`."""
    prefix, slash, name = text.rpartition("/")
    if slash and (len(prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(prefix)):
        return False
    return bool(_LABEL_NAME.fullmatch(name))


def is_label_value(text: str) -> bool:
    """Whether a text may be the value of a label."""
    return not text or bool(_LABEL_NAME.fullmatch(text))


def object_name(name: str) -> str:
    """The name as the API takes it for most objects, which may have dots."""
    parts = (dns_label(part) for part in name.split("."))
    return ".".join(part for part in parts if part)


def is_object_name(text: str) -> bool:
    """Whether an object may be called so: small letters, digits, inner dashes and dots."""
    return len(text) <= _LONGEST_PREFIX and bool(_PREFIX.fullmatch(text))


def is_host(text: str) -> bool:
    """Whether a text is the name of a host, or of all hosts below one: `*.example.org`."""
    return is_object_name(text.removeprefix("*."))


def with_suffix(name: str, suffix: str) -> str:
    """A label of the API from a name and what stands behind it.

    A name that is too long for both is cut, and told apart from others by a number of its own.
    """
    return f"{shortened(name, _LONGEST - len(suffix) - 1)}-{suffix}"


def shortened(name: str, longest: int) -> str:
    """A label of so many characters at most; what is cut is told apart by a number of its own."""
    if len(name) <= longest:
        return name
    end = f"-{crc32(name.encode()):08x}"
    return f"{name[: longest - len(end)].rstrip('-')}{end}"


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
