"""A pseudo-terminal: echo, line discipline, window size; and the line editor of the shell."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field

from demo_cluster.toybox.filesystem import Directory, FileSystem
from demo_cluster.toybox.machine import decode, encode
from demo_cluster.toybox.processes import SIGNALS, Backlog, Outlet, Pipe, ProcessTable

CONTROL_C, CONTROL_D, CONTROL_Z = 3, 4, 26
ERASE = (8, 127)
ASK_POSITION = "\x1b[6n"


def _nothing() -> None:
    """Nobody edits a line."""


class Terminal:
    """Between a client and the processes of one session."""

    def __init__(
        self,
        table: ProcessTable,
        take: Callable[[bytes], None],
        name: str,
        backlog: Backlog | None = None,
    ) -> None:
        self.name = name
        self.columns, self.rows = 0, 0
        self.is_raw = False
        self.on_resize: Callable[[], None] = _nothing
        """What whoever edits a line does when the window changed."""
        self.keyboard = Pipe(bounded=False)
        self._table = table
        self._take = take
        self._line = bytearray()
        self.screen = Outlet(self.show, backlog)

    def show(self, data: bytes) -> None:
        """Output of a process: line feeds become CR LF."""
        self._take(data.replace(b"\n", b"\r\n"))

    def echo(self, data: bytes) -> None:
        """Bytes for the client as they are."""
        self._take(data)

    def resize(self, columns: int, rows: int) -> None:
        """The client's window changed."""
        if (columns, rows) == (self.columns, self.rows):
            return
        self.columns, self.rows = columns, rows
        self.on_resize()
        for process in list(self._table.processes.values()):
            if process.terminal == self.name:
                process.signal(SIGNALS["WINCH"])

    def feed(self, data: bytes) -> None:
        """Keys of the client."""
        for byte in data:
            if self.is_raw:
                self.keyboard.feed(bytes([byte]))
            else:
                self._cooked(byte)

    def _cooked(self, byte: int) -> None:
        if byte == CONTROL_C:
            self.echo(b"^C")
            self._line.clear()
            self.interrupt()
        elif byte == CONTROL_D:
            if self._line:
                self._flush()
            else:
                self.keyboard.end_once()
        elif byte in ERASE:
            if self._line:
                del self._line[-1]
                self.echo(b"\b \b")
        elif byte in (13, 10):
            self._line += b"\n"
            self.echo(b"\r\n")
            self._flush()
        else:
            self._line.append(byte)
            self.echo(bytes([byte]) if byte >= 32 or byte == 9 else b"^" + bytes([byte + 64]))

    def _flush(self) -> None:
        data, self._line = bytes(self._line), bytearray()
        self.keyboard.feed(data)

    def interrupt(self) -> None:
        """^C: SIGINT for all that runs on this terminal."""
        for process in list(self._table.processes.values()):
            if process.terminal == self.name and not process.interactive:
                process.kill(128 + SIGNALS["INT"])

    def hang_up(self) -> None:
        """The client has gone."""
        self.keyboard.close_write()
        for process in list(self._table.processes.values()):
            if process.terminal == self.name and process.pid != 1:
                process.kill(128 + SIGNALS["HUP"])


@dataclass
class LineEditor:
    """Reads one line with cursor keys, history and completion, as busybox does."""

    terminal: Terminal
    files: FileSystem
    history: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _cursor: int = 0
    _recalled: int = 0

    async def read_line(self, prompt: str, directory: str) -> str | None:
        """The line; nothing at the end of input, "" after ^C."""
        self._text, self._cursor, self._recalled = [], 0, len(self.history)
        self.terminal.is_raw = True
        self.terminal.on_resize = lambda: self._redraw(prompt)
        self._show(prompt + ASK_POSITION)
        try:
            return await self._edit(prompt, directory)
        finally:
            self.terminal.is_raw = False
            self.terminal.on_resize = _nothing

    def _redraw(self, prompt: str) -> None:
        behind = len(self._text) - self._cursor
        back = f"\x1b[{behind}D" if behind else ""
        self._show("\r" + prompt + "".join(self._text) + "\x1b[J" + back)

    async def _edit(self, prompt: str, directory: str) -> str | None:
        while True:
            key = await self._key()
            if key in ("\r", "\n"):
                self._show("\r\n")
                return self._entered()
            if key == "" or (key == "\x04" and not self._text):
                self._show("\r\n" if key else "")
                return None
            if key == "\x03":
                self._show("^C\r\n")
                return ""
            if key == "\t":
                self._complete(directory)
            elif key == "\x0c":
                self._show("\x1b[H\x1b[J" + prompt + "".join(self._text))
            else:
                self._apply(key)

    def _entered(self) -> str:
        line = "".join(self._text)
        if line.strip() and self.history[-1:] != [line]:
            self.history.append(line)
        return line

    async def _key(self) -> str:
        data = await self.terminal.keyboard.read(1)
        if data == b"\x1b":
            return await self._escape()
        if data and data[0] >= 0xC0:
            length = 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
            while len(data) < length:
                data += await self.terminal.keyboard.read(1)
        return decode(data)

    async def _escape(self) -> str:
        sequence = b"\x1b" + await self.terminal.keyboard.read(1)
        if sequence[1:] not in (b"[", b"O"):
            return decode(sequence)
        while True:
            byte = await self.terminal.keyboard.read(1)
            sequence += byte
            if not byte or 0x40 <= byte[0] <= 0x7E:
                return decode(sequence)

    def _apply(self, key: str) -> None:
        moves = {
            "\x1b[D": self._cursor - 1,
            "\x02": self._cursor - 1,
            "\x1b[C": self._cursor + 1,
            "\x06": self._cursor + 1,
            "\x01": 0,
            "\x1b[H": 0,
            "\x05": len(self._text),
            "\x1b[F": len(self._text),
        }
        if key in moves:
            self._move(moves[key])
        elif key in ("\x1b[A", "\x10"):
            self._recall(self._recalled - 1)
        elif key in ("\x1b[B", "\x0e"):
            self._recall(self._recalled + 1)
        elif key in ("\x7f", "\x08"):
            self._cut(self._cursor - 1, self._cursor)
        elif key in ("\x1b[3~", "\x04"):
            self._cut(self._cursor, self._cursor + 1)
        elif key == "\x15":
            self._cut(0, self._cursor)
        elif key == "\x0b":
            self._cut(self._cursor, len(self._text))
        elif key == "\x17":
            before = "".join(self._text[: self._cursor]).rstrip()
            self._cut(before.rfind(" ") + 1, self._cursor)
        elif key.isprintable():
            self._insert(key)

    def _move(self, to: int) -> None:
        to = max(0, min(to, len(self._text)))
        distance = to - self._cursor
        if distance:
            self._show(f"\x1b[{abs(distance)}{'C' if distance > 0 else 'D'}")
        self._cursor = to

    def _insert(self, text: str) -> None:
        rest = self._text[self._cursor :]
        self._text[self._cursor : self._cursor] = list(text)
        self._cursor += len(text)
        back = f"\x1b[{len(rest)}D" if rest else ""
        self._show(text + "".join(rest) + back)

    def _cut(self, start: int, end: int) -> None:
        start, end = max(start, 0), min(end, len(self._text))
        if start >= end:
            return
        self._move(start)
        del self._text[start:end]
        rest = "".join(self._text[start:])
        back = f"\x1b[{len(rest)}D" if rest else ""
        self._show(f"{rest}\x1b[J{back}")

    def _recall(self, position: int) -> None:
        if not 0 <= position <= len(self.history):
            return
        self._recalled = position
        self._cut(0, len(self._text))
        self._insert(self.history[position] if position < len(self.history) else "")

    def _complete(self, directory: str) -> None:
        start = "".join(self._text[: self._cursor]).rfind(" ") + 1
        word = "".join(self._text[start : self._cursor])
        found = self.files.matches(word + "*", directory)
        if len(found) == 1:
            node = self.files.lookup(posixpath.join(directory, found[0]))
            end = "/" if isinstance(node, Directory) else " "
            self._insert(found[0][len(word) :] + end)
        elif found:
            common = posixpath.commonprefix(found)
            self._insert(common[len(word) :])

    def _show(self, text: str) -> None:
        self.terminal.echo(encode(text))
