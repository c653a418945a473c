"""The sink of the command: lines to stdout, + and - lines and notes to stderr."""

from __future__ import annotations

from collections.abc import Callable

from stern.entry import Entry
from stern.events import event_line
from stern.output import OutputOptions
from stern.pipeline import Pipeline, neutralised
from stern.target import Target


class Printer:
    """Writes each entry at once, as one piece; records of two targets never mix."""

    def __init__(
        self,
        options: OutputOptions,
        *,
        only_log_lines: bool,
        show_event_namespace: bool,
        write: Callable[[bytes], None],
        note: Callable[[str], None],
    ) -> None:
        self._options = options
        self._only_log_lines = only_log_lines
        self._show_event_namespace = show_event_namespace
        self._write = write
        self._note = note
        self._pipelines: dict[Target, Pipeline] = {}

    async def entry(self, entry: Entry) -> None:
        """Write what is to be shown of some more lines."""
        block = self.pipeline(entry.target).feed(entry.data)
        if block:
            self._write(block)

    def pipeline(self, target: Target) -> Pipeline:
        """The pipeline of a target, made when it first speaks."""
        found = self._pipelines.get(target)
        if found is None:
            found = self._pipelines[target] = Pipeline(target, self._options, self._fail)
        return found

    def started(self, target: Target) -> None:
        """Say that a target's log is being opened."""
        self._event(target, is_start=True)

    def ended(self, target: Target) -> None:
        """Say that a target's log has ended."""
        self._pipelines.pop(target, None)
        self._event(target, is_start=False)

    def trouble(self, message: str) -> None:
        """Say what could not be read."""
        self._note(f"stern: {_harmless(message)}\n")

    def _fail(self, message: str) -> None:
        self._note(f"{_harmless(message)}\n")

    def _event(self, target: Target, *, is_start: bool) -> None:
        if not self._only_log_lines:
            self._note(
                event_line(
                    target,
                    self._options.palette,
                    is_start=is_start,
                    show_namespace=self._show_event_namespace,
                )
            )


def _harmless(message: str) -> str:
    """A message that may quote a server or a log, without control sequences."""
    return neutralised(message.encode("utf-8", "replace")).decode("utf-8", "replace")
