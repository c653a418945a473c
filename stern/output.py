"""What lines look like: the options of a run's output, and the renderer that they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from stern.errors import SternError
from stern.line_filter import Highlighter, LineFilter
from stern.palette import Palette
from stern.renderers import PrefixRenderer, Renderer, default_renderer
from stern.target import Target
from stern.timestamps import StampFormat

if TYPE_CHECKING:
    from stern.line_keeper import KeepOptions
    from stern.structured import Humanizer
    from stern.template.template import Template

OUTPUTS = ("default", "raw", "json", "extjson", "ppextjson")


class OutputOptions(msgspec.Struct, frozen=True):
    """How the lines that pass the filter are written.

    `show_namespace` counts for the default form, `all_namespaces` for extjson and ppextjson.
    `short_name` makes the name that a prefix shows of a target.
    """

    output: str = "default"
    template: Template | None = None
    stamps: StampFormat | None = None
    palette: Palette = msgspec.field(default_factory=Palette)
    line_filter: LineFilter = msgspec.field(default_factory=lambda: LineFilter(None, None))
    highlighter: Highlighter | None = None
    show_namespace: bool = False
    all_namespaces: bool = False
    has_stamps: bool = True
    is_terminal: bool = False
    raw_control: bool = False
    keep: KeepOptions | None = None
    humanizer: Humanizer | None = None
    short_name: Callable[[Target], tuple[str, str]] | None = None


def check_output(name: str) -> None:
    """Refuse an output that does not exist.

    Raises:
        SternError: It does not.
    """
    if name not in OUTPUTS:
        raise SternError(
            "output should be one of 'default', 'raw', 'json', 'extjson', and 'ppextjson'"
        )


def renderer_for(
    target: Target, options: OutputOptions, on_failure: Callable[[str], None]
) -> Renderer:
    """The renderer of one target's messages."""
    colors = options.palette.pair(target.pod, target.container)
    if options.template is not None:
        from stern.template_renderer import TemplateRenderer

        return TemplateRenderer(options.template, target, colors, on_failure)
    match options.output:
        case "raw":
            return PrefixRenderer(b"")
        case "json":
            from stern.json_renderers import JsonRenderer

            return JsonRenderer(target)
        case "extjson" | "ppextjson":
            from stern.json_renderers import extended_json_renderer

            return extended_json_renderer(
                target,
                colors,
                show_namespace=options.all_namespaces,
                pretty=options.output == "ppextjson",
            )
        case _:
            names = (target.pod, target.container)
            if options.short_name is not None:
                names = options.short_name(target)
            return default_renderer(
                target, colors, show_namespace=options.show_namespace, names=names
            )
