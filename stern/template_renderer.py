"""Messages of one target through a Go template, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
        return b"".join(self.records(stamps, messages))

    def records(self, stamps: Stamps, messages: Sequence[bytes]) -> list[bytes]:
        """One piece each; what cannot be rendered is left out and reported."""
        rendered = []
        for stamp, message in zip(stamps or [b""] * len(messages), messages, strict=True):
            text = message.decode("utf-8", "surrogateescape")
            self._record.say(text, stamp.decode("ascii", "replace"))
            try:
                text = self._template.render(self._record)
            except RenderError as error:
                self._on_failure(str(error))
                continue
            rendered.append(text.encode("utf-8", "surrogateescape"))
        return rendered
