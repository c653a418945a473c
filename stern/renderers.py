"""Messages of one target to bytes: default and raw; others have modules of their own. Pure.

A renderer is made once per target, so that all that does not change from line to line is ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from stern.palette import ColorPair
from stern.target import Target

Stamps = Sequence[bytes] | None
"""The shown time of each message, empty where it has none; None when times are not shown."""


class Renderer(Protocol):
    """Bytes for messages.

    `is_line_based` says that every record is one line.
    """

    is_line_based: bool

    def block(self, stamps: Stamps, messages: Sequence[bytes]) -> bytes:
        """All records in one piece."""
        ...

    def records(self, stamps: Stamps, messages: Sequence[bytes]) -> list[bytes]:
        """One piece each."""
        ...


class PrefixRenderer:
    """`web-0 app message`: the default form, and the raw one with an empty prefix."""

    is_line_based = True

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._between = b"\n" + prefix

    def block(self, stamps: Stamps, messages: Sequence[bytes]) -> bytes:
        """All records in one piece."""
        if not messages:
            return b""
        ready = list(messages) if stamps is None else _stamped(stamps, messages)
        ready[0] = self._prefix + ready[0]  # into the first and the last: one copy of the block
        ready[-1] += b"\n"
        return self._between.join(ready)

    def records(self, stamps: Stamps, messages: Sequence[bytes]) -> list[bytes]:
        """One piece each."""
        if stamps is not None:
            messages = _stamped(stamps, messages)
        return [self._prefix + message + b"\n" for message in messages]


def _stamped(stamps: Sequence[bytes], messages: Sequence[bytes]) -> list[bytes]:
    return [
        stamp + b" " + message if stamp else message
        for stamp, message in zip(stamps, messages, strict=True)
    ]


def default_renderer(
    target: Target, colors: ColorPair, *, show_namespace: bool, names: tuple[str, str]
) -> PrefixRenderer:
    """The default form; `names` are the pod's and container's as shown, maybe shortened."""
    words = [colors.pod.wrap(shown_name(target.context))] if target.context else []
    if show_namespace:
        words.append(colors.pod.wrap(shown_name(target.namespace)))
    pod, container = names
    words.append(colors.pod.wrap(shown_name(pod)))
    if container or not target.is_alone:
        words.append(colors.container.wrap(shown_name(container)))
    return PrefixRenderer(b" ".join(words) + b" ")


def shown_name(text: str) -> bytes:
    """A name as bytes."""
    return text.encode("utf-8", "surrogateescape")
