"""Describe and YAML: text that is read anew on demand, with search."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from kube_client.errors import KubeError
from kube_tui.rows.row import Tone
from kube_tui.text.document import Document, Piece, Role
from kube_tui.widgets.document_panel import DocumentPanel
from kube_tui.widgets.prompt import FILTER, Prompt
from kube_tui.widgets.status_lines import Crumbs, Explanation, KeyMenu

_MENU = (
    ("esc", "back"),
    ("/", "search"),
    ("n", "next"),
    ("N", "previous"),
    ("w", "wrap"),
    ("r", "read again"),
    ("c", "copy all"),
)


class DocumentScreen(Screen[None]):
    """One document, and how to read it again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "back"),
        Binding("slash", "search", "search", priority=True),
        Binding("n", "match(1)", "next match"),
        Binding("N", "match(-1)", "previous match"),
        Binding("w", "wrap", "wrap long lines"),
        Binding("r", "read", "read again"),
        Binding("c", "copy", "copy all"),
    ]

    def __init__(self, title: str, read: Callable[[], Awaitable[Document]]) -> None:
        super().__init__()
        self._title_words = title
        self._read = read
        self._document = Document(())
        self._search = ""

    def compose(self) -> ComposeResult:
        """A title, the text, news, keys."""
        yield Crumbs()
        yield DocumentPanel()
        yield Explanation()
        yield KeyMenu()
        yield Prompt(lambda _: "")

    def on_mount(self) -> None:
        """Read for the first time."""
        self.query_one(Crumbs).trail = (self._title_words,)
        self.query_one(KeyMenu).entries = _MENU
        self.query_one(DocumentPanel).focus()
        self.action_read()

    @work(exclusive=True)
    async def action_read(self) -> None:
        """Read (again)."""
        try:
            self._document = await self._read()
        except KubeError as error:
            self._document = Document([(Piece(str(error), Role.BROKEN),)])
        panel = self.query_one(DocumentPanel)
        panel.show(self._document.lines)
        self._count()

    def _count(self) -> None:
        pattern = _pattern(self._search)
        found = self.query_one(DocumentPanel).search(pattern)
        lines = f"{len(self._document.lines):,} lines"
        matched = f"{found:,} match /{self._search} · " if self._search else ""
        self.query_one(Crumbs).counts = matched + lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, its sign is a character like any other."""
        if action == "search":
            return not self.query_one(Prompt).is_open
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Forget the search first, then leave."""
        if self._search:
            self._search = ""
            self._count()
        else:
            self.dismiss()

    def action_search(self) -> None:
        """Open the search line."""
        self.query_one(Prompt).open(FILTER, self._search)

    def action_match(self, step: int) -> None:
        """Go to another match."""
        self.query_one(DocumentPanel).go_to_match(step)

    def action_wrap(self) -> None:
        """Break long lines, or do not."""
        panel = self.query_one(DocumentPanel)
        panel.wrap = not panel.wrap

    def action_copy(self) -> None:
        """Copy the whole text."""
        self.app.copy_to_clipboard(self._document.text())
        self.query_one(Explanation).news = ("Copied.", Tone.DONE)

    @on(Prompt.Narrowed)
    def _searched(self, event: Prompt.Narrowed) -> None:
        self._search = event.text
        prompt = self.query_one(Prompt)
        is_bad = bool(event.text) and _pattern(event.text) is None
        prompt.complain("no regular expression" if is_bad else "")
        self._count()
        self.query_one(DocumentPanel).go_to_first_match()

    @on(Prompt.Entered)
    def _entered(self, event: Prompt.Entered) -> None:
        event.stop()
        self._leave_prompt()

    @on(Prompt.Closed)
    def _given_up(self, event: Prompt.Closed) -> None:
        event.stop()
        self._search = ""
        self._count()
        self._leave_prompt()

    def _leave_prompt(self) -> None:
        self.query_one(Prompt).close()
        self.set_focus(self.query_one(DocumentPanel))


def _pattern(text: str) -> re.Pattern[str] | None:
    """The search as an expression; None while it is none."""
    if not text:
        return None
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        return None
