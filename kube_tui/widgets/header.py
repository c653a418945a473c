"""Line 1: where am I, how full is the cluster, and is what I see true now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from kube_tui.clean import one_line
from kube_tui.rows.row import Tone

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The left of the line."""

    context: str = ""
    namespace: str = ""
    is_production: bool = False


@dataclass(frozen=True, slots=True)
class Capacity:
    """The middle of the line; empty and negative where it is not known."""

    version: str = ""
    nodes: int = -1
    cpu_percents: tuple[float, ...] = field(default=())
    memory_percents: tuple[float, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Freshness:
    """The right of the line: live, loading, reconnecting ..."""

    words: str = ""
    tone: Tone = Tone.QUIET


def sparkline(percents: Sequence[float], width: int) -> str:
    """The newest values as bars of 0 to 100 %."""
    return "".join(_BARS[min(int(p / 12.5), 7)] for p in percents[-width:])


class Header(Widget):
    """One line, told by three values."""

    DEFAULT_CSS = """
    Header { height: 1; padding: 0 1; }
    Header > .header--context { color: $accent; text-style: bold; }
    Header > .header--production { color: $production; text-style: bold reverse; }
    Header > .header--quiet { color: $tone-quiet; }
    Header > .header--well { color: $tone-well; }
    Header > .header--busy { color: $tone-busy; }
    Header > .header--attention { color: $tone-attention; }
    Header > .header--broken { color: $tone-broken; text-style: bold; }
    Header > .header--done { color: $tone-done; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "header--context",
        "header--production",
        *(f"header--{tone.value}" for tone in Tone),
    }

    whereabouts: reactive[Whereabouts] = reactive(Whereabouts())
    capacity: reactive[Capacity] = reactive(Capacity())
    freshness: reactive[Freshness] = reactive(Freshness())

    def render(self) -> Text:
        """The three parts, as many as fit; the first and the last always."""
        here, state = self.whereabouts, self.freshness
        context = "header--production" if here.is_production else "header--context"
        left = Text(one_line(here.context), self._style(context), no_wrap=True)
        if here.namespace:
            left.append(" · ", self._style("header--quiet"))
            left.append(one_line(here.namespace))
        right = Text(one_line(state.words), self._style(f"header--{state.tone.value}"))
        room = self.size.width - left.cell_len - right.cell_len - 4
        middle = self._capacity(room)
        blanks = self.size.width - left.cell_len - right.cell_len - middle.cell_len
        gap = max(blanks // 2, 1)
        left.append(" " * gap)
        left.append_text(middle)
        left.append(" " * max(blanks - gap, 1))
        left.append_text(right)
        left.truncate(self.size.width)
        return left

    def _capacity(self, room: int) -> Text:
        """Version, nodes, CPU and memory; the least telling leaves first where room is short."""
        capacity = self.capacity
        quiet, well = self._style("header--quiet"), self._style("header--well")
        parts: list[Text] = []
        if capacity.version:
            parts.append(Text(one_line(capacity.version), quiet))
        if capacity.nodes >= 0:
            parts.append(Text(f"{capacity.nodes} node{'' if capacity.nodes == 1 else 's'}", quiet))
        for name, percents in (
            ("CPU", capacity.cpu_percents),
            ("MEM", capacity.memory_percents),
        ):
            if percents:
                gauge = Text(f"{name} ", quiet)
                gauge.append(sparkline(percents, 8), self._load_style(percents[-1]))
                gauge.append(f" {percents[-1]:.0f} %", well)
                parts.append(gauge)
        separator = Text(" · ", quiet)
        while parts and sum(p.cell_len for p in parts) + 3 * (len(parts) - 1) > room:
            parts.pop(0)
        return separator.join(parts)

    def _load_style(self, percent: float) -> str:
        tone = Tone.BROKEN if percent >= 90 else Tone.ATTENTION if percent >= 75 else Tone.DONE
        return self._style(f"header--{tone.value}")

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(name, partial=True))
