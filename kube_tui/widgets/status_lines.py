"""The single lines around the table: the scope as a sentence, why the row is not well, news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from kube_tui.clean import fit_middle, one_line, width_of
from kube_tui.rows.row import Tone

SHORTEST_CRUMB = 12


def fitting_crumbs(trail: Sequence[str], room: int) -> list[str]:
    """The way in this many cells: long crumbs are shortened, then the oldest go first."""
    crumbs = list(trail)
    while crumbs and (excess := width_of(" › ".join(crumbs)) - room) > 0:
        longest = max(range(len(crumbs)), key=lambda index: width_of(crumbs[index]))
        width = width_of(crumbs[longest])
        if width > SHORTEST_CRUMB:
            crumbs[longest] = fit_middle(crumbs[longest], max(width - excess, SHORTEST_CRUMB))
        elif len(crumbs) > 1:
            crumbs = ["…", *crumbs[2:]] if crumbs[0] == "…" else ["…", *crumbs[1:]]
        else:
            break
    return crumbs


class Crumbs(Widget):
    """Line 2: the way here at the left; how many of how many, filter and sort at the right."""

    DEFAULT_CSS = """
    Crumbs { height: 1; padding: 0 1; }
    Crumbs > .crumbs--last { color: $accent; text-style: bold; }
    Crumbs > .crumbs--quiet { color: $tone-quiet; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"crumbs--last", "crumbs--quiet"}

    trail: reactive[tuple[str, ...]] = reactive(())
    counts: reactive[str] = reactive("")

    def render(self) -> Text:
        """Where the line is too short, the oldest crumbs go first."""
        last = str(self.get_component_rich_style("crumbs--last", partial=True))
        quiet = str(self.get_component_rich_style("crumbs--quiet", partial=True))
        trail = [one_line(crumb) for crumb in self.trail]
        counts = one_line(self.counts)
        room = self.size.width - width_of(counts) - 2
        crumbs = fitting_crumbs(trail, room)
        line = Text(no_wrap=True, end="")
        for crumb in crumbs[:-1]:
            line.append(crumb).append(" › ", quiet)
        if crumbs:
            line.append(crumbs[-1], last)
        line.append(" " * max(self.size.width - line.cell_len - width_of(counts), 1))
        line.append(counts, quiet)
        line.truncate(self.size.width)
        return line


class Explanation(Widget):
    """The line under the table: the row in words, or the last news for a few seconds."""

    DEFAULT_CSS = """
    Explanation { height: 1; padding: 0 1; color: $tone-attention; }
    Explanation > .explanation--well { color: $tone-well; }
    Explanation > .explanation--busy { color: $tone-busy; }
    Explanation > .explanation--attention { color: $tone-attention; }
    Explanation > .explanation--broken { color: $tone-broken; }
    Explanation > .explanation--done { color: $tone-done; }
    Explanation > .explanation--quiet { color: $tone-quiet; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"explanation--{tone.value}" for tone in Tone}

    words: reactive[str] = reactive("")
    news: reactive[tuple[str, Tone]] = reactive(("", Tone.WELL))

    def render(self) -> Text:
        """News before the row's words."""
        news, tone = self.news
        text, tone = (news, tone) if news else (self.words, Tone.ATTENTION)
        style = str(self.get_component_rich_style(f"explanation--{tone.value}", partial=True))
        line = Text(one_line(text), style, no_wrap=True, end="")
        line.truncate(self.size.width, overflow="ellipsis")
        return line


class KeyMenu(Widget):
    """The last line: the keys that do something here and now."""

    DEFAULT_CSS = """
    KeyMenu { height: 1; padding: 0 1; background: $surface; color: $tone-quiet; }
    KeyMenu > .menu--key { color: $accent; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"menu--key"}

    entries: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Key and words, the most useful first; those that do not fit are behind `?`."""

    def render(self) -> Text:
        """As many as fit, and always the way to the rest."""
        key_style = str(self.get_component_rich_style("menu--key", partial=True))
        more = ("?", "more")
        room = self.size.width - len(" ".join(more))
        line = Text(no_wrap=True, end="")
        for key, words in (entry for entry in self.entries if entry != more):
            if line.cell_len + len(key) + len(words) + 3 > room:
                break
            line.append(key, key_style).append(f" {words}  ")
        return line.append(more[0], key_style).append(f" {more[1]}")
