"""Shell text in, a tree of commands out: the POSIX grammar as far as a container needs it."""

from __future__ import annotations

from collections.abc import Callable

from demo_cluster.toybox.scanner import ENDS_WORD, NAME, NAME_START, Scanner
from demo_cluster.toybox.syntax import (
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Pipeline,
    Redirect,
    Script,
    ShellSyntaxError,
    Simple,
    Statement,
    Text,
    UnfinishedError,
    While,
    Word,
)
from demo_cluster.toybox.words import WordReader

RESERVED = ("then", "do", "done", "fi", "elif", "else", "esac", "}")


def parse(text: str) -> Script:
    """The whole text as a script.

    Raises:
        UnfinishedError: It ends inside a quote, a substitution or a compound command.
        ShellSyntaxError: It is no script.
    """
    scan = Scanner(text)
    script = _read_script(scan, ())
    scan.expect_end()
    return script


def _read_script(scan: Scanner, stops: tuple[str, ...]) -> Script:
    return _Parser(scan).script(stops)


class _Parser:
    def __init__(self, scan: Scanner) -> None:
        self._scan = scan
        self._words = WordReader(scan, _read_script)

    def script(self, stops: tuple[str, ...]) -> Script:
        """Statements up to one of these words, which is left; without any, up to the end."""
        script = Script()
        while True:
            self._scan.skip_lines()
            if self._scan.is_at_end:
                if stops:
                    raise UnfinishedError(
                        f'syntax error: unexpected end of file (expecting "{stops[0]}")'
                    )
                return script
            if self._at(stops) or self._scan.peek() == ")" or self._scan.peek(2) == ";;":
                return script
            if self._at(RESERVED):
                raise ShellSyntaxError(f'syntax error: unexpected "{self._scan.upcoming()}"')
            script.statements.append(self._statement())

    def _at(self, words: tuple[str, ...]) -> bool:
        return any(self._scan.is_word(word) for word in words)

    def _statement(self) -> Statement:
        statement = Statement(self._pipeline())
        while True:
            self._scan.skip_blank()
            operator = next((each for each in ("&&", "||") if self._scan.take(each)), None)
            if operator is None:
                break
            self._scan.skip_lines()
            statement.rest.append((operator, self._pipeline()))
        if self._scan.peek() == "&":
            self._scan.position += 1
            statement.background = True
        elif self._scan.peek() == ";" and self._scan.peek(2) != ";;":
            self._scan.position += 1
        elif self._scan.peek() == "\n":
            self._scan.newline()
        elif not self._scan.is_at_end and self._scan.peek() not in ");":
            raise ShellSyntaxError(f'syntax error: unexpected "{self._scan.upcoming()}"')
        return statement

    def _pipeline(self) -> Pipeline:
        self._scan.skip_blank()
        negated = self._scan.is_word("!") and self._scan.peek(2) in ("! ", "!\t")
        if negated:
            self._scan.position += 1
        commands = [self._command()]
        while True:
            self._scan.skip_blank()
            if self._scan.peek() != "|" or self._scan.peek(2) == "||":
                return Pipeline(commands, negated)
            self._scan.position += 1
            self._scan.skip_lines()
            commands.append(self._command())

    def _command(self) -> Command:
        self._scan.skip_blank()
        if self._scan.is_at_end:
            raise UnfinishedError("syntax error: unexpected end of file")
        compound = self._compound()
        if compound is None:
            return self._simple()
        self._redirects(compound.redirects)
        return compound

    def _compound(self) -> If | While | For | Case | Group | None:
        if self._scan.peek() == "(":
            self._scan.position += 1
            body = self.script((")",))
            self._scan.expect(")")
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
            if self._scan.is_word(word) and (
                word != "{" or self._scan.peek(2)[1:] in (" ", "\n", "\t")
            ):
                self._scan.position += len(word)
                return reader() if word != "until" else self._while(until=True)
        return None

    def _braces(self) -> Group:
        body = self.script(("}",))
        self._scan.expect("}")
        return Group(body, subshell=False)

    def _if(self) -> If:
        branches = []
        otherwise = None
        while True:
            condition = self.script(("then",))
            self._scan.expect("then")
            branches.append((condition, self.script(("elif", "else", "fi"))))
            if not self._scan.is_word("elif"):
                break
            self._scan.position += 4
        if self._scan.is_word("else"):
            self._scan.position += 4
            otherwise = self.script(("fi",))
        self._scan.expect("fi")
        return If(branches, otherwise)

    def _while(self, *, until: bool = False) -> While:
        condition = self.script(("do",))
        self._scan.expect("do")
        body = self.script(("done",))
        self._scan.expect("done")
        return While(condition, body, until)

    def _for(self) -> For:
        self._scan.skip_blank()
        name = self._scan.name()
        self._scan.skip_lines()
        words: list[Word] | None = None
        if self._scan.is_word("in"):
            self._scan.position += 2
            words = []
            self._scan.skip_blank()
            while not self._scan.is_at_end and self._scan.peek() not in ";\n":
                if self._scan.peek() in ENDS_WORD:
                    raise ShellSyntaxError(f'syntax error: unexpected "{self._scan.upcoming()}"')
                words.append(self._words.word())
                self._scan.skip_blank()
        if self._scan.peek() == ";":
            self._scan.position += 1
        self._scan.expect("do")
        body = self.script(("done",))
        self._scan.expect("done")
        return For(name, words, body)

    def _case(self) -> Case:
        self._scan.skip_blank()
        word = self._words.word()
        self._scan.expect("in")
        branches: list[tuple[list[Word], Script]] = []
        while True:
            self._scan.skip_lines()
            if self._scan.is_word("esac"):
                self._scan.position += 4
                return Case(word, branches)
            self._scan.take("(")
            patterns = [self._pattern()]
            while self._scan.take("|"):
                patterns.append(self._pattern())
            self._scan.expect(")")
            branches.append((patterns, self.script(("esac",))))
            self._scan.take(";;")

    def _pattern(self) -> Word:
        self._scan.skip_blank()
        word = self._words.word()
        self._scan.skip_blank()
        return word

    def _simple(self) -> Command:
        command = Simple()
        while True:
            self._scan.skip_blank()
            if self._redirect(command.redirects):
                continue
            if self._scan.is_at_end or self._scan.peek() in "\n;&|)":
                break
            if self._scan.peek() == "(":
                return self._function(command)
            if not command.words and self._assignment(command):
                continue
            command.words.append(self._words.word())
        if not (command.words or command.assignments or command.redirects):
            raise ShellSyntaxError(f'syntax error: unexpected "{self._scan.upcoming()}"')
        return command

    def _function(self, command: Simple) -> Function:
        name = command.words[0].literal() if len(command.words) == 1 else None
        self._scan.position += 1
        self._scan.skip_blank()
        if name is None or not self._scan.take(")"):
            raise ShellSyntaxError('syntax error: unexpected "("')
        self._scan.skip_lines()
        return Function(name, self._command())

    def _assignment(self, command: Simple) -> bool:
        end = self._scan.position
        while end < len(self._scan.text) and self._scan.text[end] in NAME:
            end += 1
        if end == self._scan.position or self._scan.text[end : end + 1] != "=":
            return False
        if self._scan.text[self._scan.position] not in NAME_START:
            return False
        name = self._scan.text[self._scan.position : end]
        self._scan.position = end + 1
        command.assignments.append((name, self._words.word()))
        return True

    def _redirects(self, redirects: list[Redirect]) -> None:
        self._scan.skip_blank()
        while self._redirect(redirects):
            self._scan.skip_blank()

    def _redirect(self, redirects: list[Redirect]) -> bool:
        start = self._scan.position
        digits = ""
        while self._scan.peek().isdigit():
            digits += self._scan.peek()
            self._scan.position += 1
        forms = ("&>>", "&>", "<<-", "<<", "<&", "<", ">>", ">&", ">|", ">")
        operator = next(
            (form for form in forms if self._scan.text.startswith(form, self._scan.position)), None
        )
        if operator is None or (digits and operator.startswith("&")):
            self._scan.position = start
            return False
        self._scan.position += len(operator)
        self._scan.skip_blank()
        if self._scan.is_at_end or self._scan.peek() == "\n":
            raise ShellSyntaxError("syntax error: unexpected newline")
        descriptor = int(digits) if digits else (0 if operator.startswith("<") else 1)
        raw_start = self._scan.position
        redirect = Redirect(descriptor, operator.rstrip("-"), self._words.word())
        if operator.startswith("<<"):
            raw = self._scan.text[raw_start : self._scan.position]
            literal = any(character in raw for character in "'\"\\")
            end = raw.replace("'", "").replace('"', "").replace("\\", "")
            strip = operator == "<<-"
            self._scan.pending.append(lambda: self._read_document(redirect, end, strip, literal))
        redirects.append(redirect)
        return True

    def _read_document(self, redirect: Redirect, end: str, strip: bool, literal: bool) -> None:
        lines = []
        while True:
            line = self._scan.line()
            line = line.lstrip("\t") if strip else line
            if line == end:
                break
            lines.append(line + "\n")
        body = "".join(lines)
        if literal:
            redirect.target = Word([Text(body, quoted=True)])
        else:
            redirect.target = WordReader(Scanner(body), _read_script).quoted_text(None)
