"""`test` and `[`: claims about texts, numbers and files."""

from __future__ import annotations

import stat

from demo_cluster.toybox.filesystem import Directory, File, Link
from demo_cluster.toybox.interpreter import Shell


async def test(shell: Shell, arguments: list[str]) -> int:
    """Whether the claim holds: 0, 1, or 2 when it is none."""
    try:
        return 0 if _Claim(shell, arguments).truth() else 1
    except ValueError as error:
        await shell.complain(str(error))
        return 2


async def bracket(shell: Shell, arguments: list[str]) -> int:
    """The same, with a `]` at the end."""
    if not arguments or arguments[-1] != "]":
        await shell.complain("[: missing ]")
        return 2
    return await test(shell, arguments[:-1])


class _Claim:
    """An expression of `test`."""

    def __init__(self, shell: Shell, words: list[str]) -> None:
        self.shell = shell
        self.words = list(words)

    def truth(self) -> bool:
        if not self.words:
            return False
        value = self._or()
        if self.words:
            raise ValueError(f"test: {self.words[0]}: unexpected operator")
        return value

    def _or(self) -> bool:
        value = self._and()
        while self.words[:1] == ["-o"]:
            self.words.pop(0)
            value = self._and() or value
        return value

    def _and(self) -> bool:
        value = self._not()
        while self.words[:1] == ["-a"]:
            self.words.pop(0)
            value = self._not() and value
        return value

    def _not(self) -> bool:
        if self.words[:1] == ["!"] and len(self.words) > 1:
            self.words.pop(0)
            return not self._not()
        if self.words[:1] == ["("] and ")" in self.words:
            self.words.pop(0)
            value = self._or()
            self.words.pop(0)
            return value
        return self._primary()

    def _primary(self) -> bool:
        if not self.words:
            raise ValueError("test: argument expected")
        if len(self.words) > 2 and self.words[1] in _BINARY:
            left, operator, right = self.words[:3]
            del self.words[:3]
            return _compare(left, operator, right)
        if len(self.words) > 1 and self.words[0] in _UNARY:
            operator, operand = self.words[:2]
            del self.words[:2]
            return self._unary(operator, operand)
        return bool(self.words.pop(0))

    def _unary(self, operator: str, operand: str) -> bool:
        if operator in ("-n", "-z"):
            return bool(operand) == (operator == "-n")
        if operator == "-t":
            return self.shell.process.terminal != "?"
        path = self.shell.machine.absolute(self.shell.process, operand)
        node = self.shell.machine.files.lookup(path, follow=operator not in ("-L", "-h"))
        if node is None:
            return False
        checks: dict[str, bool] = {
            "-d": isinstance(node, Directory),
            "-f": not isinstance(node, Directory | Link),
            "-L": isinstance(node, Link),
            "-h": isinstance(node, Link),
            "-s": isinstance(node, Directory) or (isinstance(node, File) and bool(node.content)),
            "-x": bool(node.mode & stat.S_IXUSR),
        }
        return checks.get(operator, True)


_UNARY = ("-n", "-z", "-d", "-f", "-e", "-L", "-h", "-s", "-x", "-r", "-w", "-t", "-S", "-p")


_BINARY = ("=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "<", ">")


def _compare(left: str, operator: str, right: str) -> bool:
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    if operator in ("<", ">"):
        return left < right if operator == "<" else left > right
    for text in (left, right):
        if not text.strip().lstrip("+-").isdigit():
            raise ValueError(f"{text}: bad number")
    a, b = int(left), int(right)
    answers = {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b}
    return answers.get(operator, a >= b)
