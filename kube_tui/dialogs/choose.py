"""One of several."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from kube_tui.actions.question import Choice
from kube_tui.clean import one_line
from kube_tui.dialogs.frame import dialog_css


class ChooseDialog(ModalScreen[str | None]):
    """Shows one `Choice`; its result is the chosen option, or None."""

    DEFAULT_CSS = (
        dialog_css("ChooseDialog")
        + """
    ChooseDialog OptionList, ChooseDialog OptionList:focus {
        width: 100%; height: auto; max-height: 20; border: none; margin-top: 1;
        background: $surface;
    }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "give_up", "cancel"),
        Binding("j", "next", show=False),
        Binding("k", "previous", show=False),
    ]

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self._choice = choice

    def compose(self) -> ComposeResult:
        """The question and the options."""
        with Vertical():
            yield Label(one_line(self._choice.sentence), classes="sentence", markup=False)
            yield OptionList(*(Option(Text(one_line(words))) for _, words in self._choice.options))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._choice.options[event.option_index][0])

    def action_give_up(self) -> None:
        """Escape."""
        self.dismiss(None)

    def action_next(self) -> None:
        """The option below."""
        self.query_one(OptionList).action_cursor_down()

    def action_previous(self) -> None:
        """The option above."""
        self.query_one(OptionList).action_cursor_up()
