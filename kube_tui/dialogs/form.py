"""Some lines to fill in."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Label, Select

from kube_tui.actions.question import Field, Form
from kube_tui.clean import one_line
from kube_tui.dialogs.frame import dialog_css


class FormDialog(ModalScreen[dict[str, str] | None]):
    """Shows one `Form`; its result is the answers by field name, or None."""

    DEFAULT_CSS = dialog_css("FormDialog")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "cancel")]

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def compose(self) -> ComposeResult:
        """A line for each field; Enter in the last one is as good as the button."""
        with Vertical():
            yield Label(one_line(self._form.sentence), classes="sentence", markup=False)
            for number, field in enumerate(self._form.fields):
                yield Label(one_line(field.label), markup=False)
                yield _widget(field, number)
            yield Label("", classes="trouble", markup=False)
            with Horizontal():
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self._form.yes, id="ok", compact=True)

    def on_mount(self) -> None:
        """The first field takes the keys."""
        self.query("#field-0").first().focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._finish()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "ok":
            self._finish()
        else:
            self.dismiss(None)

    def action_give_up(self) -> None:
        """Escape."""
        self.dismiss(None)

    def _finish(self) -> None:
        answers = {
            field.name: self._answer(number) for number, field in enumerate(self._form.fields)
        }
        trouble = self._missing(answers) or self._form.check(answers)
        if trouble:
            self.query_one(".trouble", Label).update(one_line(trouble))
        else:
            self.dismiss(answers)

    def _missing(self, answers: dict[str, str]) -> str:
        empty = [f.label for f in self._form.fields if f.required and not answers[f.name]]
        return f"{empty[0]}: please fill this in." if empty else ""

    def _answer(self, number: int) -> str:
        widget = self.query(f"#field-{number}").first()
        if isinstance(widget, Checkbox):
            return "true" if widget.value else "false"
        if isinstance(widget, Select):
            return str(widget.value) if not widget.is_blank() else ""
        return widget.value.strip() if isinstance(widget, Input) else ""


def _widget(field: Field, number: int) -> Input | Checkbox | Select[str]:
    identity = f"field-{number}"
    if field.kind == "bool":
        return Checkbox("", field.value == "true", id=identity, compact=True)
    if field.kind == "choice":
        options = [(one_line(option), option) for option in field.options]
        if field.value in field.options:
            return Select(options, value=field.value, id=identity, compact=True)
        return Select(options, id=identity, compact=True)
    return Input(field.value, id=identity, compact=True)
