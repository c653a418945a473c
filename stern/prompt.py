"""`--prompt`: choose an app.kubernetes.io/instance label from a menu on the terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stern.errors import SternError
from stern.selection import namespaces_of

if TYPE_CHECKING:
    from kube_client.client import Client
    from stern.options import TailOptions

LABEL = "app.kubernetes.io/instance"
_UP = (b"\x1b[A", b"\x1bOA", b"k", b"\x10")
_DOWN = (b"\x1b[B", b"\x1bOB", b"j", b"\x0e", b"\t")
_ENTER = (b"\r", b"\n")
_INTERRUPT = (b"\x03", b"\x04")
_KEY = re.compile(rb"\x1b[\[O][A-Z]|.", re.DOTALL)


async def label_values(client: Client, options: TailOptions) -> list[str]:
    """The values of the label among the pods of the chosen namespaces, sorted.

    A namespace that cannot be listed has none.

    Raises:
        SternError: There are none at all.
    """
    from kube_client.errors import KubeError
    from kube_client.objects import KubeObject
    from kube_client.resource import PODS

    values: set[str] = set()
    for namespace in namespaces_of(options, client.namespace):
        try:
            listed = await client.list(PODS, KubeObject, namespace=namespace)
        except KubeError:
            continue
        values |= {pod.metadata.labels.get(LABEL, "") for pod in listed.items}
    values.discard("")
    if not values:
        raise SternError("No matching labels")
    return sorted(values)


class Menu:
    """A list with one line marked; keys move the mark. Pure."""

    def __init__(self, title: str, choices: Sequence[str]) -> None:
        self._title = title
        self.choices = choices
        self.marked = 0

    def press(self, key: bytes) -> None:
        """Move the mark, round at the ends."""
        step = (key in _DOWN) - (key in _UP)
        self.marked = (self.marked + step) % len(self.choices)

    def lines(self) -> list[str]:
        """What the terminal shows."""
        marks = (
            f"{'❯' if number == self.marked else ' '} {choice}"
            for number, choice in enumerate(self.choices)
        )
        return [self._title, *marks]


def choose(choices: Sequence[str]) -> str:
    """Let the person at the terminal choose one.

    Raises:
        SternError: There is no terminal, or Ctrl-C was pressed.
    """
    if not sys.stdin.isatty():
        raise SternError("--prompt needs a terminal to ask on; give a pod query or -l instead")
    menu = Menu(f'Select "{LABEL}" label value:', choices)
    import termios
    import tty

    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        return _ask(menu, _show)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _show(text: str) -> None:
    os.write(2, text.encode())


def _ask(menu: Menu, show: Callable[[str], None]) -> str:
    height = len(menu.lines())
    show("".join(f"{line}\r\n" for line in menu.lines()))
    while True:
        pressed = os.read(0, 64)
        if not pressed:
            raise SternError("interrupt")
        for key in _KEY.findall(pressed):
            if key in _INTERRUPT:
                raise SternError("interrupt")
            if key in _ENTER:
                show(f"\x1b[{height}A\x1b[J")
                return menu.choices[menu.marked]
            menu.press(key)
        show(f"\x1b[{height}A" + "".join(f"\x1b[2K{line}\r\n" for line in menu.lines()))
