"""`Entry`: a chunk of one container's log, and who said it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stern.target import Target


class Entry(msgspec.Struct, frozen=True):
    """Whole lines of one target, each still with the server's time stamp in front.

    The last line may lack its newline: then the log ended without one.
    """

    target: Target
    data: bytes

    def lines(self) -> Iterator[tuple[bytes, bytes]]:
        """Time stamp and message of each line; a line without a blank has an empty stamp."""
        lines = self.data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for line in lines:
            stamp, blank, message = line.partition(b" ")
            yield (stamp, message) if blank else (b"", line)
