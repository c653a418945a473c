"""Yes or no: the safe answer has the focus."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label

from kube_tui.actions.question import Confirm
from kube_tui.clean import one_line
from kube_tui.dialogs.frame import dialog_css


class ConfirmDialog(ModalScreen[bool]):
    """Shows one `Confirm`; its result is whether the person said yes."""

    DEFAULT_CSS = dialog_css("ConfirmDialog")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,q", "answer(False)", "no"),
        Binding("y", "answer(True)", "yes"),
        Binding("left,right,tab,h,l", "app.focus_next", "other answer", show=False),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, question: Confirm) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The deed, what follows from it, and two answers."""
        question = self._question
        with Vertical():
            yield Label(one_line(question.sentence), classes="sentence", markup=False)
            if question.consequence:
                yield Label(one_line(question.consequence), classes="consequence", markup=False)
            with Horizontal():
                yield Button("No", id="no", compact=True)
                yield Button(question.yes, id="yes", compact=True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.dismiss(answer)
