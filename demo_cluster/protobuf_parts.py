"""The two forms that protobuf is written in: numbers, and parts with their length. Pure."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A number that is not negative, seven bits a byte."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def part(number: int, content: bytes) -> bytes:
    """The field of this number: a text, bytes or a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content
