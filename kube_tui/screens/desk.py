"""The desk that actions work at: the browser screen, as far as an action may see it."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from kube_tui.actions.action import LogsWanted
from kube_tui.actions.question import Choice, Confirm, Form
from kube_tui.clean import one_line
from kube_tui.dialogs.choose import ChooseDialog
from kube_tui.dialogs.confirm import ConfirmDialog
from kube_tui.dialogs.form import FormDialog
from kube_tui.forwards import Forwards
from kube_tui.rows.row import Tone
from kube_tui.screens.document import DocumentScreen
from kube_tui.screens.logs import LogsScreen
from kube_tui.session import Session
from kube_tui.text.document import Document

if TYPE_CHECKING:
    from textual.screen import Screen


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C is for the program that has the terminal now, not for us.

    A handler that does nothing, because an ignored signal would be ignored by that program too.
    """
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class ScreenDesk:
    """Implements `Desk` for the workers of one screen."""

    def __init__(
        self,
        screen: Screen[Any],
        session: Session,
        forwards: Forwards,
        *,
        say: Callable[[str, Tone], None],
        go: Callable[[str, str | None, str], None],
    ) -> None:
        self._screen = screen
        self._session = session
        self._forwards = forwards
        self._say = say
        self._go = go

    @property
    def session(self) -> Session:
        """The cluster that the screen shows."""
        return self._session

    @property
    def forwards(self) -> Forwards:
        """The port-forwards of this run."""
        return self._forwards

    async def confirm(self, question: Confirm) -> bool:
        """Whether the person says yes."""
        dialog = ConfirmDialog(question)
        return await self._screen.app.push_screen_wait(dialog)

    async def fill(self, form: Form) -> dict[str, str] | None:
        """The answers; None when the person thinks better of it."""
        return await self._screen.app.push_screen_wait(FormDialog(form))

    async def pick(self, choice: Choice) -> str | None:
        """The chosen one; None when the person thinks better of it."""
        return await self._screen.app.push_screen_wait(ChooseDialog(choice))

    def say(self, words: str, tone: Tone = Tone.DONE) -> None:
        """One line of news."""
        self._say(words, tone)

    def copy(self, text: str) -> None:
        """Put the text on the clipboard, also over ssh (OSC 52)."""
        self._screen.app.copy_to_clipboard(text)

    def show_document(self, title: str, read: Callable[[], Awaitable[Document]]) -> None:
        """Open text to read."""
        self._screen.app.push_screen(DocumentScreen(title, read))

    def show_logs(self, wanted: LogsWanted) -> None:
        """Open logs."""
        self._screen.app.push_screen(LogsScreen(self._session.client, wanted))

    def go(self, word: str, namespace: str | None, cursor: str = "") -> None:
        """Open a view with the cursor on the object of this name."""
        self._go(word, namespace, cursor)

    @contextlib.contextmanager
    def terminal(self, banner: str = "") -> Iterator[None]:
        """The terminal is the caller's for a while; the screen comes back afterwards.

        With a banner it begins empty but for that line. Nothing is painted meanwhile: a suspended
        Textual queues what it paints, and when the queue is full it stops the whole event loop,
        the caller's too.
        """
        with self._screen.app.batch_update(), self._screen.app.suspend(), _deaf_to_interrupts():
            if banner:
                sys.stdout.write(f"\x1b[H\x1b[2J{one_line(banner)}\r\n")
                sys.stdout.flush()
            yield
        self._screen.app.refresh(layout=True)
