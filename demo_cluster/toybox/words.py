"""Words of a shell script: quotes, parameters and substitutions, from text to tree."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.toybox.scanner import ENDS_WORD, NAME_START, Scanner
from demo_cluster.toybox.syntax import (
    Arithmetic,
    Parameter,
    Part,
    Script,
    Substitution,
    Text,
    UnfinishedError,
    Word,
)

_ENDS_PLAIN = ENDS_WORD + "'\"\\$`"
SPECIAL = "@*#?-$!0123456789"

ReadScript = Callable[[Scanner, tuple[str, ...]], Script]
"""Reads commands up to one of these words: a word may hold a whole script."""


class WordReader:
    """Reads words where the scanner stands."""

    def __init__(self, scan: Scanner, read_script: ReadScript) -> None:
        self._scan = scan
        self._read_script = read_script

    def word(self) -> Word:
        """The word that begins here; an empty one where none does."""
        word = Word()
        while not self._scan.is_at_end and self._scan.peek() not in ENDS_WORD:
            character = self._scan.peek()
            if character == "'":
                word.parts.append(Text(self._single_quoted(), quoted=True))
            elif character == '"':
                self._scan.position += 1
                word.parts.append(Text("", quoted=True))
                word.parts += self.quoted_text('"').parts
            elif character == "\\":
                escaped = self._scan.peek(2)[1:]
                self._scan.position += 2
                if escaped != "\n":
                    word.parts.append(Text(escaped, quoted=True))
            elif character in "$`":
                word.parts.append(self._dollar(quoted=False))
            else:
                word.parts.append(Text(self._scan.up_to(_ENDS_PLAIN)))
        return word

    def _single_quoted(self) -> str:
        end = self._scan.text.find("'", self._scan.position + 1)
        if end < 0:
            raise UnfinishedError("syntax error: unterminated quoted string")
        text = self._scan.text[self._scan.position + 1 : end]
        self._scan.position = end + 1
        return text

    def quoted_text(self, end: str | None) -> Word:
        """Text in double quotes up to `end`, or of a here-document up to the end of the text."""
        word = Word()
        while True:
            if self._scan.is_at_end:
                if end is None:
                    return word
                raise UnfinishedError("syntax error: unterminated quoted string")
            character = self._scan.peek()
            if character == end:
                self._scan.position += 1
                return word
            if character == "\\":
                escaped = self._scan.peek(2)[1:]
                self._scan.position += 2
                if escaped == "\n":
                    continue
                keep = "" if escaped and escaped in '$`"\\' else "\\"
                word.parts.append(Text(keep + escaped, quoted=True))
            elif character in "$`":
                word.parts.append(self._dollar(quoted=True))
            else:
                text = self._scan.up_to(f"\\$`{end or ''}")
                word.parts.append(Text(text, quoted=True))

    def _dollar(self, *, quoted: bool) -> Part:
        if self._scan.take("`"):
            return self._backquoted(quoted)
        if self._scan.take("$(("):
            return Arithmetic(self._arithmetic(), quoted)
        if self._scan.take("$("):
            script = self._read_script(self._scan, (")",))
            self._scan.expect(")")
            return Substitution(script, quoted)
        if self._scan.take("${"):
            return self._braced(quoted)
        following = self._scan.peek(2)[1:]
        if following and following in NAME_START:
            self._scan.position += 1
            return Parameter(self._scan.name(), quoted=quoted)
        if following and following in SPECIAL:
            self._scan.position += 2
            return Parameter(following, quoted=quoted)
        self._scan.position += 1
        return Text("$", quoted)

    def _backquoted(self, quoted: bool) -> Substitution:
        body = ""
        while True:
            if self._scan.is_at_end:
                raise UnfinishedError("syntax error: unterminated `")
            character = self._scan.peek()
            self._scan.position += 1
            if character == "`":
                return Substitution(self._inner(body), quoted)
            if character == "\\" and self._scan.peek() in ("`", "\\", "$"):
                character = self._scan.peek()
                self._scan.position += 1
            body += character

    def _inner(self, text: str) -> Script:
        scan = Scanner(text)
        script = self._read_script(scan, ())
        scan.expect_end()
        return script

    def _arithmetic(self) -> Word:
        depth = 0
        start = self._scan.position
        while not self._scan.is_at_end:
            if self._scan.peek(2) == "))" and depth == 0:
                inside = self._scan.text[start : self._scan.position]
                self._scan.position += 2
                return WordReader(Scanner(inside), self._read_script).quoted_text(None)
            depth += {"(": 1, ")": -1}.get(self._scan.peek(), 0)
            self._scan.position += 1
        raise UnfinishedError("syntax error: unterminated $((")

    def _braced(self, quoted: bool) -> Parameter:
        if self._scan.peek() == "#" and self._scan.peek(2) != "#}":
            self._scan.position += 1
            name = self._parameter_name()
            self._scan.expect("}")
            return Parameter(name, "length", quoted=quoted)
        name = self._parameter_name()
        forms = (":-", ":=", ":+", ":?", "##", "%%", "-", "=", "+", "?", "#", "%")
        operator = next((form for form in forms if self._scan.take(form)), "")
        if not operator:
            self._scan.expect("}")
            return Parameter(name, quoted=quoted)
        word = self._until_brace(quoted)
        return Parameter(name, operator, word, quoted)

    def _parameter_name(self) -> str:
        if self._scan.peek() and self._scan.peek() in SPECIAL:
            start = self._scan.position
            self._scan.position += 1
            while self._scan.text[start].isdigit() and self._scan.peek().isdigit():
                self._scan.position += 1
            return self._scan.text[start : self._scan.position]
        return self._scan.name()

    def _until_brace(self, quoted: bool) -> Word:
        word = Word()
        while self._scan.peek() != "}":
            character = self._scan.peek()
            if not character:
                raise UnfinishedError("syntax error: unterminated ${")
            if character == "'" and not quoted:
                word.parts.append(Text(self._single_quoted(), quoted=True))
            elif character == '"':
                self._scan.position += 1
                word.parts += self.quoted_text('"').parts
            elif character == "\\":
                word.parts.append(Text(self._scan.peek(2)[1:], True))
                self._scan.position += 2
            elif character in "$`":
                word.parts.append(self._dollar(quoted=quoted))
            else:
                word.parts.append(Text(character, quoted))
                self._scan.position += 1
        self._scan.position += 1
        return word
