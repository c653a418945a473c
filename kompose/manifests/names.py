"""Compose names as names of Kubernetes objects. Pure."""

import re

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
