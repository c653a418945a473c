"""`Template`: a Go template that has been compiled and renders records."""

from __future__ import annotations

from stern.errors import RenderError
from stern.palette import Palette
from stern.template.builtins import BUILTINS, LAZY
from stern.template.compiler import Compiler, Emit
from stern.template.functions import stern_functions
from stern.template.parser import parse


class Template:
    """Renders one record after another; made by `parse_template`."""

    def __init__(self, source: str, palette: Palette) -> None:
        functions = {**BUILTINS, **stern_functions(palette)}
        parsed = parse(source, functions.keys() | LAZY)
        self._program = Compiler(parsed, functions).compile()

    def render(self, dot: object) -> str:
        """The text for a record.

        Raises:
            RenderError: The template cannot be executed on it; the message is what stderr gets.
        """
        pieces: list[str] = []
        self.render_to(dot, pieces.append)
        return "".join(pieces)

    def render_to(self, dot: object, emit: Emit) -> None:
        """The same in pieces, some of which may have been given when an error is raised."""
        try:
            self._program(dot, 0, emit)
        except RecursionError as error:
            raise RenderError("expanding template failed: the value is nested too deep") from error


def parse_template(source: str, palette: Palette) -> Template:
    """The template of a text.

    Raises:
        TemplateError: It does not parse.
    """
    return Template(source, palette)
