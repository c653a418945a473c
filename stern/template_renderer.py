"""Messages of one target through a Go template, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from stern.errors import RenderError
from stern.palette import ColorPair
from stern.renderers import Stamps
from stern.target import Target
from stern.template.record import Record
from stern.template.template import Template


class TemplateRenderer:
    """What a template makes of each line; nothing is added, not even a newline."""

    is_line_based = False

    def __init__(
        self,
        template: Template,
        target: Target,
        colors: ColorPair,
        on_failure: Callable[[str], None],
    ) -> None:
        self._template = template
        self._record = Record.of(target, colors)
        self._on_failure = on_failure

    def block(self, stamps: Stamps, messages: Sequence[bytes]) -> bytes:
        """All records in one piece."""
        pieces: list[str] = []
        for _ in self._rendered(stamps, messages, pieces):
            pass
        return "".join(pieces).encode("utf-8", "surrogateescape")

    def records(self, stamps: Stamps, messages: Sequence[bytes]) -> list[bytes]:
        """One piece each; what cannot be rendered is left out and reported."""
        pieces: list[str] = []
        rendered = []
        for _ in self._rendered(stamps, messages, pieces):
            rendered.append("".join(pieces).encode("utf-8", "surrogateescape"))
            pieces.clear()
        return rendered

    def _rendered(
        self, stamps: Stamps, messages: Sequence[bytes], pieces: list[str]
    ) -> Iterator[None]:
        """Renders into the pieces, and says so for each record."""
        record, render, emit = self._record, self._template.render_to, pieces.append
        shown = (
            repeat("") if stamps is None else (text.decode("ascii", "replace") for text in stamps)
        )
        for stamp, message in zip(shown, messages, strict=False):
            record.say(message.decode("utf-8", "surrogateescape"), stamp)
            before = len(pieces)
            try:
                render(record, emit)
            except RenderError as error:
                self._on_failure(str(error))
                del pieces[before:]
                continue
            yield
