"""Shell text in, a tree of commands out: the POSIX grammar as far as a container needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

BLANK = " \t"
ENDS_WORD = " \t\n;&|<>()"
OPERATORS = ("&&", "||", ";;", "&", "|", ";", "\n", "(", ")")
NAME_START = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
NAME = NAME_START + "0123456789"
RESERVED = ("then", "do", "done", "fi", "elif", "else", "esac", "}")
SPECIAL = "@*#?-$!0123456789"


class ShellSyntaxError(Exception):
    """The text is no command; says what was met."""


class UnfinishedError(ShellSyntaxError):
    """More lines are needed: an open quote, `do` without `done`."""


@dataclass
class Text:
    """Characters; quoted ones are neither split nor matched against files."""

    text: str
    quoted: bool = False


@dataclass
class Parameter:
    """`$name` or `${name:-word}`."""

    name: str
    operator: str = ""
    word: Word | None = None
    quoted: bool = False


@dataclass
class Substitution:
    """`$(commands)`."""

    script: Script
    quoted: bool = False


@dataclass
class Arithmetic:
    """`$((expression))`, itself expanded before it is computed."""

    expression: Word
    quoted: bool = False


Part: TypeAlias = Text | Parameter | Substitution | Arithmetic


@dataclass
class Word:
    """One word before expansion."""

    parts: list[Part] = field(default_factory=list)

    def literal(self) -> str | None:
        """Its text when nothing in it is quoted or expanded."""
        if any(not isinstance(part, Text) or part.quoted for part in self.parts):
            return None
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass
class Redirect:
    """`2> file`, `>&2`, `<< END`."""

    descriptor: int
    operator: str
    target: Word


@dataclass
class Simple:
    """Assignments, a command and its arguments."""

    assignments: list[tuple[str, Word]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class If:
    """`if ... then ... elif ... else ... fi`."""

    branches: list[tuple[Script, Script]]
    otherwise: Script | None
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class While:
    """`while` and `until`."""

    condition: Script
    body: Script
    until: bool = False
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class For:
    """`for name in words`; without words, the arguments."""

    name: str
    words: list[Word] | None
    body: Script
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Case:
    """`case word in pattern) ... ;; esac`."""

    word: Word
    branches: list[tuple[list[Word], Script]]
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Group:
    """`{ ...; }`, or `( ... )` in a process of its own."""

    body: Script
    subshell: bool
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Function:
    """`name() { ...; }`."""

    name: str
    body: Command
    redirects: list[Redirect] = field(default_factory=list)


Command: TypeAlias = Simple | If | While | For | Case | Group | Function


@dataclass
class Pipeline:
    """Commands with pipes between them."""

    commands: list[Command]
    negated: bool = False


@dataclass
class Statement:
    """Pipelines with `&&` and `||` between them; perhaps in the background."""

    first: Pipeline
    rest: list[tuple[str, Pipeline]] = field(default_factory=list)
    background: bool = False


@dataclass
class Script:
    """Statements one after the other."""

    statements: list[Statement] = field(default_factory=list)


def parse(text: str) -> Script:
    """The whole text as a script.

    Raises:
        UnfinishedError: It ends inside a quote, a substitution or a compound command.
        ShellSyntaxError: It is no script.
    """
    parser = _Parser(text)
    script = parser.script(())
    if parser.position < len(text):
        raise ShellSyntaxError(f'syntax error: unexpected "{parser.upcoming()}"')
    return script


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._documents: list[tuple[Redirect, str, bool, bool]] = []

    # -- characters

    def peek(self, length: int = 1) -> str:
        return self.text[self.position : self.position + length]

    def upcoming(self) -> str:
        for operator in OPERATORS:
            if self.text.startswith(operator, self.position):
                return "newline" if operator == "\n" else operator
        end = self.position
        while end < len(self.text) and self.text[end] not in ENDS_WORD:
            end += 1
        return self.text[self.position : end]

    def skip_blank(self) -> None:
        while self.position < len(self.text):
            if self.peek() in BLANK:
                self.position += 1
            elif self.peek(2) == "\\\n":
                self.position += 2
            elif self.peek() == "#":
                while self.position < len(self.text) and self.peek() != "\n":
                    self.position += 1
            else:
                return

    def skip_lines(self) -> None:
        self.skip_blank()
        while self.peek() == "\n":
            self._newline()
            self.skip_blank()

    def _newline(self) -> None:
        self.position += 1
        documents, self._documents = self._documents, []
        for redirect, end, strip, literal in documents:
            redirect.target = self._document(end, strip, literal)

    def _document(self, end: str, strip: bool, literal: bool) -> Word:
        lines = []
        while True:
            if self.position >= len(self.text):
                raise UnfinishedError("syntax error: here-document is not closed")
            stop = self.text.find("\n", self.position)
            stop = len(self.text) if stop < 0 else stop
            line = self.text[self.position : stop]
            self.position = min(stop + 1, len(self.text))
            line = line.lstrip("\t") if strip else line
            if line == end:
                break
            lines.append(line + "\n")
        body = "".join(lines)
        return Word([Text(body, quoted=True)]) if literal else _Parser(body).quoted_text(None)

    def take(self, operator: str) -> bool:
        if self.text.startswith(operator, self.position):
            self.position += len(operator)
            return True
        return False

    # -- statements

    def script(self, stops: tuple[str, ...]) -> Script:
        script = Script()
        while True:
            self.skip_lines()
            if self.position >= len(self.text):
                if stops:
                    raise UnfinishedError(
                        f'syntax error: unexpected end of file (expecting "{stops[0]}")'
                    )
                return script
            if self._at(stops) or self.peek() == ")" or self.peek(2) == ";;":
                return script
            if self._at(RESERVED):
                raise ShellSyntaxError(f'syntax error: unexpected "{self.upcoming()}"')
            script.statements.append(self._statement())

    def _at(self, words: tuple[str, ...]) -> bool:
        return any(self._is_word(word) for word in words)

    def _is_word(self, word: str) -> bool:
        if not self.text.startswith(word, self.position):
            return False
        after = self.text[self.position + len(word) : self.position + len(word) + 1]
        return not after or after in ENDS_WORD or not word.isalpha()

    def _statement(self) -> Statement:
        statement = Statement(self._pipeline())
        while True:
            self.skip_blank()
            operator = next((each for each in ("&&", "||") if self.take(each)), None)
            if operator is None:
                break
            self.skip_lines()
            statement.rest.append((operator, self._pipeline()))
        if self.peek() == "&":
            self.position += 1
            statement.background = True
        elif self.peek() == ";" and self.peek(2) != ";;":
            self.position += 1
        elif self.peek() == "\n":
            self._newline()
        elif self.position < len(self.text) and self.peek() not in ");":
            raise ShellSyntaxError(f'syntax error: unexpected "{self.upcoming()}"')
        return statement

    def _pipeline(self) -> Pipeline:
        self.skip_blank()
        negated = self._is_word("!") and self.peek(2) in ("! ", "!\t")
        if negated:
            self.position += 1
        commands = [self._command()]
        while True:
            self.skip_blank()
            if self.peek() != "|" or self.peek(2) == "||":
                return Pipeline(commands, negated)
            self.position += 1
            self.skip_lines()
            commands.append(self._command())

    def _command(self) -> Command:
        self.skip_blank()
        if self.position >= len(self.text):
            raise UnfinishedError("syntax error: unexpected end of file")
        compound = self._compound()
        if compound is None:
            return self._simple()
        self._redirects(compound.redirects)
        return compound

    def _compound(self) -> If | While | For | Case | Group | None:
        if self.peek() == "(":
            self.position += 1
            body = self.script((")",))
            self._expect(")")
            return Group(body, subshell=True)
        readers: dict[str, Callable[[], If | While | For | Case | Group]] = {
            "{": self._braces,
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "case": self._case,
        }
        for word, reader in readers.items():
            if self._is_word(word) and (word != "{" or self.peek(2)[1:] in (" ", "\n", "\t")):
                self.position += len(word)
                return reader() if word != "until" else self._while(until=True)
        return None

    def _expect(self, word: str) -> None:
        self.skip_lines()
        if not self._is_word(word):
            if self.position >= len(self.text):
                raise UnfinishedError(f'syntax error: unexpected end of file (expecting "{word}")')
            raise ShellSyntaxError(
                f'syntax error: unexpected "{self.upcoming()}" (expecting "{word}")'
            )
        self.position += len(word)

    def _braces(self) -> Group:
        body = self.script(("}",))
        self._expect("}")
        return Group(body, subshell=False)

    def _if(self) -> If:
        branches = []
        otherwise = None
        while True:
            condition = self.script(("then",))
            self._expect("then")
            branches.append((condition, self.script(("elif", "else", "fi"))))
            if not self._is_word("elif"):
                break
            self.position += 4
        if self._is_word("else"):
            self.position += 4
            otherwise = self.script(("fi",))
        self._expect("fi")
        return If(branches, otherwise)

    def _while(self, *, until: bool = False) -> While:
        condition = self.script(("do",))
        self._expect("do")
        body = self.script(("done",))
        self._expect("done")
        return While(condition, body, until)

    def _for(self) -> For:
        self.skip_blank()
        name = self._name()
        self.skip_lines()
        words: list[Word] | None = None
        if self._is_word("in"):
            self.position += 2
            words = []
            self.skip_blank()
            while self.position < len(self.text) and self.peek() not in ";\n":
                words.append(self.word())
                self.skip_blank()
        if self.peek() == ";":
            self.position += 1
        self._expect("do")
        body = self.script(("done",))
        self._expect("done")
        return For(name, words, body)

    def _case(self) -> Case:
        self.skip_blank()
        word = self.word()
        self._expect("in")
        branches: list[tuple[list[Word], Script]] = []
        while True:
            self.skip_lines()
            if self._is_word("esac"):
                self.position += 4
                return Case(word, branches)
            self.take("(")
            patterns = [self._pattern()]
            while self.take("|"):
                patterns.append(self._pattern())
            self._expect(")")
            branches.append((patterns, self.script(("esac",))))
            self.take(";;")

    def _pattern(self) -> Word:
        self.skip_blank()
        word = self.word()
        self.skip_blank()
        return word

    def _name(self) -> str:
        start = self.position
        while self.peek() and self.peek() in NAME:
            self.position += 1
        if start == self.position:
            raise ShellSyntaxError("syntax error: bad variable name")
        return self.text[start : self.position]

    # -- simple commands

    def _simple(self) -> Command:
        command = Simple()
        while True:
            self.skip_blank()
            if self._redirect(command.redirects):
                continue
            if self.position >= len(self.text) or self.peek() in "\n;&|)":
                break
            if self.peek() == "(":
                return self._function(command)
            if not command.words and self._assignment(command):
                continue
            command.words.append(self.word())
        if not (command.words or command.assignments or command.redirects):
            raise ShellSyntaxError(f'syntax error: unexpected "{self.upcoming()}"')
        return command

    def _function(self, command: Simple) -> Function:
        name = command.words[0].literal() if len(command.words) == 1 else None
        self.position += 1
        self.skip_blank()
        if name is None or not self.take(")"):
            raise ShellSyntaxError('syntax error: unexpected "("')
        self.skip_lines()
        return Function(name, self._command())

    def _assignment(self, command: Simple) -> bool:
        end = self.position
        while end < len(self.text) and self.text[end] in NAME:
            end += 1
        if end == self.position or self.text[end : end + 1] != "=":
            return False
        if self.text[self.position] not in NAME_START:
            return False
        name = self.text[self.position : end]
        self.position = end + 1
        command.assignments.append((name, self.word()))
        return True

    def _redirects(self, redirects: list[Redirect]) -> None:
        self.skip_blank()
        while self._redirect(redirects):
            self.skip_blank()

    def _redirect(self, redirects: list[Redirect]) -> bool:
        start = self.position
        digits = ""
        while self.peek().isdigit():
            digits += self.peek()
            self.position += 1
        forms = ("&>>", "&>", "<<-", "<<", "<&", "<", ">>", ">&", ">|", ">")
        operator = next((form for form in forms if self.text.startswith(form, self.position)), None)
        if operator is None or (digits and operator.startswith("&")):
            self.position = start
            return False
        self.position += len(operator)
        self.skip_blank()
        if self.position >= len(self.text) or self.peek() == "\n":
            raise ShellSyntaxError("syntax error: unexpected newline")
        descriptor = int(digits) if digits else (0 if operator.startswith("<") else 1)
        raw_start = self.position
        redirect = Redirect(descriptor, operator.rstrip("-"), self.word())
        if operator.startswith("<<"):
            raw = self.text[raw_start : self.position]
            literal = any(character in raw for character in "'\"\\")
            end = raw.replace("'", "").replace('"', "").replace("\\", "")
            self._documents.append((redirect, end, operator == "<<-", literal))
        redirects.append(redirect)
        return True

    # -- words

    def word(self) -> Word:
        word = Word()
        while self.position < len(self.text) and self.peek() not in ENDS_WORD:
            character = self.peek()
            if character == "'":
                word.parts.append(Text(self._single_quoted(), quoted=True))
            elif character == '"':
                self.position += 1
                word.parts.append(Text("", quoted=True))
                word.parts += self.quoted_text('"').parts
            elif character == "\\":
                escaped = self.text[self.position + 1 : self.position + 2]
                self.position += 2
                if escaped != "\n":
                    word.parts.append(Text(escaped, quoted=True))
            elif character in "$`":
                word.parts.append(self._dollar(quoted=False))
            else:
                word.parts.append(Text(self._plain()))
        return word

    def _plain(self) -> str:
        start = self.position
        while self.position < len(self.text) and self.peek() not in ENDS_WORD + "'\"\\$`":
            self.position += 1
        return self.text[start : self.position]

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise UnfinishedError("syntax error: unterminated quoted string")
        text = self.text[self.position + 1 : end]
        self.position = end + 1
        return text

    def quoted_text(self, end: str | None) -> Word:
        """Text in double quotes up to `end`, or of a here-document up to the end of the text."""
        word = Word()
        while True:
            if self.position >= len(self.text):
                if end is None:
                    return word
                raise UnfinishedError("syntax error: unterminated quoted string")
            character = self.peek()
            if character == end:
                self.position += 1
                return word
            if character == "\\":
                escaped = self.text[self.position + 1 : self.position + 2]
                self.position += 2
                if escaped == "\n":
                    continue
                keep = "" if escaped and escaped in '$`"\\' else "\\"
                word.parts.append(Text(keep + escaped, quoted=True))
            elif character in "$`":
                word.parts.append(self._dollar(quoted=True))
            else:
                start = self.position
                while self.position < len(self.text) and self.peek() not in f"\\$`{end or ''}":
                    self.position += 1
                word.parts.append(Text(self.text[start : self.position], quoted=True))

    def _dollar(self, *, quoted: bool) -> Part:
        if self.take("`"):
            return self._backquoted(quoted)
        if self.take("$(("):
            return Arithmetic(self._arithmetic(), quoted)
        if self.take("$("):
            script = self.script((")",))
            self._expect(")")
            return Substitution(script, quoted)
        if self.take("${"):
            return self._braced(quoted)
        following = self.text[self.position + 1 : self.position + 2]
        if following and following in NAME_START:
            self.position += 1
            return Parameter(self._name(), quoted=quoted)
        if following and following in SPECIAL:
            self.position += 2
            return Parameter(following, quoted=quoted)
        self.position += 1
        return Text("$", quoted)

    def _backquoted(self, quoted: bool) -> Substitution:
        body = ""
        while True:
            if self.position >= len(self.text):
                raise UnfinishedError("syntax error: unterminated `")
            character = self.peek()
            self.position += 1
            if character == "`":
                return Substitution(parse(body), quoted)
            if character == "\\" and self.peek() in ("`", "\\", "$"):
                character = self.peek()
                self.position += 1
            body += character

    def _arithmetic(self) -> Word:
        depth = 0
        start = self.position
        while self.position < len(self.text):
            if self.peek(2) == "))" and depth == 0:
                inside = self.text[start : self.position]
                self.position += 2
                return _Parser(inside).quoted_text(None)
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            self.position += 1
        raise UnfinishedError("syntax error: unterminated $((")

    def _braced(self, quoted: bool) -> Parameter:
        if self.peek() == "#" and self.peek(2) != "#}":
            self.position += 1
            name = self._parameter_name()
            self._expect("}")
            return Parameter(name, "length", quoted=quoted)
        name = self._parameter_name()
        forms = (":-", ":=", ":+", ":?", "##", "%%", "-", "=", "+", "?", "#", "%")
        operator = next((form for form in forms if self.take(form)), "")
        if not operator:
            self._expect("}")
            return Parameter(name, quoted=quoted)
        word = self._until_brace(quoted)
        return Parameter(name, operator, word, quoted)

    def _parameter_name(self) -> str:
        if self.peek() and self.peek() in SPECIAL:
            start = self.position
            self.position += 1
            while self.text[start].isdigit() and self.peek().isdigit():
                self.position += 1
            return self.text[start : self.position]
        return self._name()

    def _until_brace(self, quoted: bool) -> Word:
        word = Word()
        while self.peek() != "}":
            character = self.peek()
            if not character:
                raise UnfinishedError("syntax error: unterminated ${")
            if character == "'" and not quoted:
                word.parts.append(Text(self._single_quoted(), quoted=True))
            elif character == '"':
                self.position += 1
                word.parts += self.quoted_text('"').parts
            elif character == "\\":
                word.parts.append(Text(self.text[self.position + 1 : self.position + 2], True))
                self.position += 2
            elif character in "$`":
                word.parts.append(self._dollar(quoted=quoted))
            else:
                word.parts.append(Text(character, quoted))
                self.position += 1
        self.position += 1
        return word
