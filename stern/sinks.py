"""The chain of sinks that the flags ask for: mask, then files, then order, then print."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from stern.flag_parser import ParsedFlags

if TYPE_CHECKING:
    from stern.sink import Sink


@contextlib.asynccontextmanager
async def opened_sink(flags: ParsedFlags, printer: Sink) -> AsyncIterator[Sink]:
    """The first sink of the chain; at the end everything held back is given.

    Raises:
        SternError: A mask does not compile, or the folder cannot be written.
    """
    async with _ordered(flags, printer) as last:
        sink = last
        if flags.text("output-dir"):
            from stern.file_sink import FileSink

            sink = FileSink(Path(flags.text("output-dir")), sink)
        if flags.texts("mask"):
            from stern.masking import MaskingSink, compile_masks

            sink = MaskingSink(sink, compile_masks(flags.texts("mask")))
        yield sink


@contextlib.asynccontextmanager
async def _ordered(flags: ParsedFlags, printer: Sink) -> AsyncIterator[Sink]:
    if not flags.is_on("sort"):
        yield printer
        return
    from stern.sorting import MergingSink, WindowSink

    if flags.is_on("no-follow") or flags.is_on("previous"):
        merging = MergingSink(printer)
        yield merging
        await merging.finish()
        return
    window = WindowSink(printer)
    giving = asyncio.create_task(window.run())
    try:
        yield window
        await window.finish()
    finally:
        giving.cancel()
        await asyncio.gather(giving, return_exceptions=True)
