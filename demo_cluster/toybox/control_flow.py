"""How a script leaves where it is: loops, functions, and what it cannot go on from."""

from __future__ import annotations


class Loop(Exception):  # noqa: N818 - control flow of the script, not an error
    """`break` or `continue` on its way to its loop."""

    def __init__(self, levels: int, *, again: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.again = again


class Return(Exception):  # noqa: N818 - control flow of the script, not an error
    """`return` on its way out of a function."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ScriptError(Exception):
    """The script cannot go on: a bad expansion, an unset variable."""
