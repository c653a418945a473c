"""The `:` and `/` line: says what the user typed, and knows neither kinds nor tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widgets import Input, Label

GO, FILTER = ":", "/"


class _Completer(Suggester):
    """Asks a plain function what could come next."""

    def __init__(self, complete: Callable[[str], str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line, completed."""
        return self._complete(value) or None


class _Line(Input):
    """The field itself, in which every key takes effect in its turn.

    Textual runs a binding (Backspace, Enter) only when its key has bubbled up to the program, and
    by then the characters typed behind it are in the field already. So the keys work here, at
    once; and what is typed behind Enter goes to whoever has the focus next.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", show=False),
        Binding("down", "recall(1)", show=False),
        Binding("tab", "cursor_right", show=False),
        Binding("ctrl+u", "clear_all", show=False),
    ]

    @dataclass
    class Ended(Message):
        """Enter was pressed, or (not `is_wanted`) Escape."""

        is_wanted: bool

    @dataclass
    class Recalled(Message):
        """An older (-1) or newer (1) line is wanted."""

        step: int

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False)
        self._has_ended = False
        bindings = Binding.make_bindings([*Input.BINDINGS, *self.BINDINGS])
        self._actions = {binding.key: binding.action for binding in bindings}

    def begin(self, text: str) -> None:
        """Take keys, from this text on."""
        self._has_ended = False
        self.value = text
        self.cursor_position = len(text)

    async def _on_key(self, event: events.Key) -> None:
        if self._has_ended:
            event.stop()
            event.prevent_default()
            self.app.simulate_key(event.key)  # for whoever has the focus next
        elif event.key in ("enter", "escape"):
            event.stop()
            event.prevent_default()
            self._has_ended = True
            self.post_message(self.Ended(event.key == "enter"))
        elif event.key in self._actions:
            event.stop()
            event.prevent_default()
            await self.run_action(self._actions[event.key])

    def action_recall(self, step: int) -> None:
        """Walk through the lines typed before."""
        self.post_message(self.Recalled(step))

    def action_clear_all(self) -> None:
        """Begin anew."""
        self.value = ""


class Prompt(Horizontal):
    """Hidden until it is asked for; takes one line and goes."""

    DEFAULT_CSS = """
    Prompt { height: 1; padding: 0 1; background: $surface; }
    Prompt Label { width: 2; color: $accent; text-style: bold; background: $surface; }
    Prompt Input, Prompt Input:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $surface;
    }
    Prompt .trouble { width: auto; max-width: 60%; color: $tone-broken; }
    """

    mode: reactive[str] = reactive(GO)

    @dataclass
    class Narrowed(Message):
        """Show only the rows that match this text; sent with every key."""

        text: str

    @dataclass
    class Entered(Message):
        """Enter: a command line, or a filter to keep."""

        mode: str
        text: str

    @dataclass
    class Closed(Message):
        """Escape: nothing is wanted."""

        mode: str

    def __init__(self, complete: Callable[[str], str]) -> None:
        super().__init__()
        self._completer = _Completer(complete)
        self._history: dict[str, list[str]] = {GO: [], FILTER: []}
        self._recalled = 0
        self.display = False

    def compose(self) -> ComposeResult:
        """A sign, the line, and what is wrong with it."""
        yield Label(GO)
        yield _Line()
        trouble = Label("", classes="trouble", markup=False)
        yield trouble

    @property
    def is_open(self) -> bool:
        """Whether it takes the keys now."""
        return bool(self.display)

    def open(self, mode: str, text: str = "") -> None:
        """Take a line, beginning with this text."""
        self.mode = mode
        self.query_one("Label", Label).update(mode)
        line = self.query_one(_Line)
        line.suggester = self._completer if mode == GO else None
        with line.prevent(Input.Changed):
            line.begin(text)
        self._recalled = len(self._history[mode])
        self.complain("")
        self.display = True
        self.screen.set_focus(line)  # at once: the next key may be here already

    def close(self) -> None:
        """Go out of the way."""
        self.display = False

    def complain(self, words: str) -> None:
        """Say what is wrong with the line so far; '' takes it back."""
        self.query_one(".trouble", Label).update(words)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open and self.mode == FILTER:
            self.post_message(self.Narrowed(event.value))

    @on(_Line.Ended)
    def _ended(self, event: _Line.Ended) -> None:
        event.stop()
        if not event.is_wanted:
            self.post_message(self.Closed(self.mode))
            return
        text = self.query_one(_Line).value
        past = self._history[self.mode]
        if text and text not in past[-1:]:
            past.append(text)
        self.post_message(self.Entered(self.mode, text))

    @on(_Line.Recalled)
    def _recall(self, event: _Line.Recalled) -> None:
        event.stop()
        past = self._history[self.mode]
        self._recalled = min(max(self._recalled + event.step, 0), len(past))
        line = self.query_one(_Line)
        line.value = past[self._recalled] if self._recalled < len(past) else ""
        line.cursor_position = len(line.value)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A click elsewhere leaves the line."""
        event.stop()
        if self.is_open:
            self.post_message(self.Closed(self.mode))
