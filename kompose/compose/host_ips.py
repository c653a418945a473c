"""Addresses of the host, as ports have them."""

from __future__ import annotations


def bare_ip(address: str) -> str:
    """The address of the host, out of its brackets; empty for any.

    Follows Go's SplitHostPort and ParseIP.
    """
    bare = address[1 : address.index("]")] if _is_bracketed(address) else address
    if problem := _bracket_problem(address):
        raise ValueError(f"Invalid ip address {address}: address {address}:: {problem} in address")
    if bare and not is_ip(bare):
        raise ValueError(f"Invalid ip address: {bare}")
    return bare


def _is_bracketed(address: str) -> bool:
    return address.startswith("[") and "]" in address


def _bracket_problem(address: str) -> str:
    """What is wrong with the brackets and colons of an address, or nothing."""
    rest = address
    if address.startswith("["):
        inside, closing, after = address[1:].partition("]")
        if not closing:
            return "missing ']'"
        if after:
            return "too many colons" if after.startswith(":") else "missing port"
        rest = inside
    elif ":" in address:
        return "too many colons"
    found = next((bracket for bracket in "[]" if bracket in rest), "")
    return f"unexpected '{found}'" if found else ""


def is_ip(text: str) -> bool:
    """Whether a text is an address, without a zone."""
    import ipaddress  # rarely needed, and slow to load

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
