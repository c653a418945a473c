"""`--stdin`: lines of standard input through the same filters and forms, without a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable

from msgspec.structs import replace

from stern.output import OutputOptions
from stern.palette import NOBODY, Palette
from stern.pipeline import Pipeline
from stern.target import Target

_CHUNK_BYTES = 65536


class StdinPipeline:
    """Chunks of standard input to the bytes that are written; lines have no stamps."""

    def __init__(self, options: OutputOptions, on_failure: Callable[[str], None]) -> None:
        palette = Palette((NOBODY,), enabled=options.palette.enabled)
        own = replace(options, has_stamps=False, stamps=None, palette=palette)
        self._pipeline = Pipeline(Target("", "", ""), own, on_failure)
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """What to write for the lines that this chunk completes."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._rest += chunk
            return b""
        whole, self._rest = self._rest + chunk[:end], chunk[end:]
        return self._pipeline.feed(whole)

    def finish(self) -> bytes:
        """What to write for a last line without newline."""
        rest, self._rest = self._rest, b""
        return self._pipeline.feed(rest) if rest else b""


def read_stdin(
    options: OutputOptions, *, write: Callable[[bytes], None], note: Callable[[str], None]
) -> None:
    """Read to the end of standard input, writing as lines come."""
    pipeline = StdinPipeline(options, lambda message: note(f"{message}\n"))
    while chunk := os.read(0, _CHUNK_BYTES):
        block = pipeline.feed(chunk)
        if block:
            write(block)
    block = pipeline.finish()
    if block:
        write(block)
