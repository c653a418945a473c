"""The shell at work: expands words, runs commands, connects pipes, minds traps."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from demo_cluster.toybox import syntax
from demo_cluster.toybox.arithmetic import ArithmeticSyntaxError, evaluate
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.machine import Machine, NoSuchProgramError, decode, encode
from demo_cluster.toybox.parser import parse
from demo_cluster.toybox.processes import (
    Contents,
    Ended,
    Nothing,
    Outlet,
    Pipe,
    Process,
    Readable,
    Writable,
)

WILDCARDS = "*?["
DEPTH_LIMIT = 200
INTERRUPTED = 130
NOTABLE_SIZE = 1 << 20
LARGEST_VALUE = 64 << 20


Builtin = Callable[["Shell", list[str]], Awaitable[int]]
"""A command that the shell runs inside itself."""


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


@dataclass
class Piece:
    """A part of an expanded word and whether its quotes protect it."""

    text: str
    quoted: bool
    breaks: bool = False
    """A word ends before this piece, whatever it holds (`"$@"`)."""


@dataclass
class Shell:
    """One shell process: its variables, functions and arguments."""

    machine: Machine
    process: Process
    variables: dict[str, str]
    exported: set[str]
    builtins: Mapping[str, Builtin]
    name: str = "sh"
    arguments: list[str] = field(default_factory=list)
    functions: dict[str, syntax.Function] = field(default_factory=dict)
    status: int = 0
    options: set[str] = field(default_factory=set)
    background: list[Process] = field(default_factory=list)
    last_background: int = 0
    locals: list[dict[str, str | None]] = field(default_factory=list)
    read_ahead: bytearray = field(default_factory=bytearray)
    tested: int = 0
    depth: int = 0
    saw_substitution: bool = False

    @classmethod
    def of(cls, machine: Machine, process: Process, builtins: Mapping[str, Builtin]) -> Shell:
        """A fresh shell with the process's environment."""
        variables = dict(process.environment)
        return cls(machine, process, variables, set(variables), builtins)

    def fork(self, process: Process) -> Shell:
        """The same shell in a child process: what it changes stays its own."""
        return replace(
            self,
            process=process,
            variables=dict(self.variables),
            exported=set(self.exported),
            arguments=list(self.arguments),
            functions=dict(self.functions),
            options=set(self.options),
            background=[],
            locals=[],
            read_ahead=bytearray(),
        )

    def environment(self) -> dict[str, str]:
        """What a child gets."""
        return {name: self.variables[name] for name in self.exported if name in self.variables}

    async def complain(self, message: str) -> None:
        """One line on stderr, with the shell's name."""
        await self.process.stderr.write(encode(f"{self.name}: {message}\n"))

    # -- scripts

    async def run(self, script: syntax.Script) -> int:
        """Run the statements; the last one's status."""
        for statement in script.statements:
            await self._statement(statement)
            await self._run_traps()
        return self.status

    async def _run_traps(self) -> None:
        while self.process.pending:
            number = self.process.pending.pop(0)
            action = self.process.traps.get(number, "")
            before = self.status
            await self.run(parse(action))
            self.status = before

    async def leave(self, code: int) -> int:
        """What happens at the end of the shell: the EXIT trap."""
        action = self.process.traps.pop(0, "")
        if action:
            self.status = code
            try:
                await self.run(parse(action))
            except Ended as end:
                return end.code
        return code

    async def _statement(self, statement: syntax.Statement) -> None:
        if statement.background:
            await self._start_background(statement)
            return
        only = not statement.rest
        await self._pipeline(statement.first, tested=not only)
        for position, (operator, pipeline) in enumerate(statement.rest):
            if (self.status == 0) == (operator == "&&"):
                last = position == len(statement.rest) - 1
                await self._pipeline(pipeline, tested=not last)

    async def _start_background(self, statement: syntax.Statement) -> None:
        child = self._child(("sh",), stdin=Nothing())
        shell = self.fork(child)
        inner = syntax.Script([replace(statement, background=False)])
        child.start(shell.as_process(shell.run(inner)))
        self.background.append(child)
        self.last_background = child.pid
        self.status = 0

    async def as_process(self, work: Coroutine[Any, Any, int]) -> int:
        """Run the work of a subshell; its control flow ends with it."""
        try:
            code = await work
        except Ended as end:
            code = end.code
        except Return as returned:
            code = returned.code
        except Loop:
            code = self.status
        except ScriptError as error:
            await self.complain(str(error))
            code = 2
        return await self.leave(code)

    def _child(
        self,
        arguments: tuple[str, ...],
        *,
        stdin: Readable | None = None,
        stdout: Writable | None = None,
    ) -> Process:
        mine = self.process
        child = mine.table.new(
            list(arguments),
            environment=self.environment(),
            directory=mine.directory,
            streams=(stdin or mine.stdin, stdout or mine.stdout, mine.stderr),
            parent=mine.pid,
            terminal=mine.terminal,
        )
        child.traps = {number: "" for number, action in mine.traps.items() if not action}
        return child

    async def _pipeline(self, pipeline: syntax.Pipeline, *, tested: bool) -> None:
        self.tested += tested or pipeline.negated
        try:
            if len(pipeline.commands) == 1:
                self.status = await self.command(pipeline.commands[0])
            else:
                self.status = await self._piped(pipeline.commands)
        finally:
            self.tested -= tested or pipeline.negated
        if pipeline.negated:
            self.status = int(self.status == 0)
        elif self.status and "e" in self.options and not self.tested:
            raise Ended(self.status)

    async def _piped(self, commands: list[syntax.Command]) -> int:
        stages: list[Process] = []
        source: Readable | None = None
        for position, command in enumerate(commands):
            last = position == len(commands) - 1
            sink = None if last else Pipe()
            child = self._child(("sh",), stdin=source, stdout=sink)
            shell = self.fork(child)
            stages.append(child)
            child.when_ended(_closer(source, sink))
            child.start(shell.as_process(shell.command(command)))
            source = sink
        code = 0
        for stage in stages:
            code = await stage.ended()
        return code

    # -- commands

    async def command(self, command: syntax.Command) -> int:
        """Run one command of any form."""
        await self.process.breathe()
        if isinstance(command, syntax.Simple):
            return await self._simple(command)
        if isinstance(command, syntax.Function):
            self.functions[command.name] = command
            return 0
        saved = self._streams()
        try:
            await self._redirect(command.redirects)
            self.status = await self._compound(command)
        except FileError as error:
            await self._cannot_open(error)
            self.status = 1
        finally:
            self._restore(saved)
        return self.status

    async def _compound(self, command: syntax.Command) -> int:
        if isinstance(command, syntax.If):
            return await self._if(command)
        if isinstance(command, syntax.While):
            return await self._while(command)
        if isinstance(command, syntax.For):
            return await self._for(command)
        if isinstance(command, syntax.Case):
            return await self._case(command)
        if isinstance(command, syntax.Group):
            return await self._group(command)
        raise ScriptError("unknown command")

    async def _if(self, command: syntax.If) -> int:
        for condition, body in command.branches:
            if await self._condition(condition) == 0:
                return await self._body(body)
        return await self._body(command.otherwise) if command.otherwise else 0

    async def _body(self, script: syntax.Script) -> int:
        self.status = 0
        return await self.run(script)

    async def _condition(self, script: syntax.Script) -> int:
        self.tested += 1
        try:
            return await self.run(script)
        finally:
            self.tested -= 1

    async def _while(self, command: syntax.While) -> int:
        code = 0
        while (await self._condition(command.condition) == 0) != command.until:
            try:
                code = await self.run(command.body)
            except Loop as loop:
                if not self._continues(loop):
                    break
            await self.process.breathe()
        return code

    @staticmethod
    def _continues(loop: Loop) -> bool:
        if loop.levels > 1:
            raise Loop(loop.levels - 1, again=loop.again)
        return loop.again

    async def _for(self, command: syntax.For) -> int:
        words = self.arguments if command.words is None else await self.expand(command.words)
        code = 0
        for word in words:
            self.variables[command.name] = word
            try:
                code = await self.run(command.body)
            except Loop as loop:
                if not self._continues(loop):
                    break
            await self.process.breathe()
        return code

    async def _case(self, command: syntax.Case) -> int:
        value = await self.expand_one(command.word)
        for patterns, body in command.branches:
            for pattern in patterns:
                if fnmatchcase(value, await self._pattern(pattern)):
                    return await self._body(body)
        return 0

    async def _group(self, command: syntax.Group) -> int:
        if not command.subshell:
            return await self.run(command.body)
        child = self._child(("sh",))
        shell = self.fork(child)
        child.start(shell.as_process(shell.run(command.body)))
        return await child.ended()

    async def _simple(self, command: syntax.Simple) -> int:
        self.saw_substitution = False
        words = await self.expand(command.words)
        if "x" in self.options and words:
            await self.process.stderr.write(encode("+ " + " ".join(words) + "\n"))
        saved = self._streams()
        try:
            await self._redirect(command.redirects)
            if not words:
                return await self._assign(command)
            if words[0] == "exec":
                return await self._exec(words[1:])
            return await self._call(command, words)
        except FileError as error:
            await self._cannot_open(error)
            return 1
        finally:
            if words != ["exec"]:
                self._restore(saved)

    async def _assign(self, command: syntax.Simple) -> int:
        for name, word in command.assignments:
            value = await self.expand_one(word)
            if len(value) > NOTABLE_SIZE:
                self.machine.on_memory(len(value))
            if len(value) > LARGEST_VALUE:
                raise ScriptError("out of memory")
            self.variables[name] = value
        return self.status if self.saw_substitution else 0

    async def _call(self, command: syntax.Simple, words: list[str]) -> int:
        temporary = {name: await self.expand_one(word) for name, word in command.assignments}
        function = self.functions.get(words[0])
        if function or words[0] in self.builtins:
            before = {name: self.variables.get(name) for name in temporary}
            self.variables.update(temporary)
            try:
                if function:
                    return await self._function(function, words[1:])
                return await self.builtins[words[0]](self, words[1:])
            finally:
                self._put_back(before)
        return await self.start_and_wait(words, {**self.environment(), **temporary})

    def _put_back(self, before: dict[str, str | None]) -> None:
        for name, value in before.items():
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value

    async def _function(self, function: syntax.Function, arguments: list[str]) -> int:
        if self.depth > DEPTH_LIMIT:
            raise ScriptError("maximum function recursion depth exceeded")
        outer, self.arguments = self.arguments, arguments
        self.locals.append({})
        self.depth += 1
        try:
            return await self.command(function.body)
        except Return as returned:
            return returned.code
        finally:
            self.depth -= 1
            self._put_back(self.locals.pop())
            self.arguments = outer

    async def start_and_wait(self, words: list[str], environment: dict[str, str]) -> int:
        """Run a program to its end."""
        mine = self.process
        try:
            child = self.machine.spawn(
                words,
                environment=environment,
                directory=mine.directory,
                streams=(mine.stdin, mine.stdout, mine.stderr),
                parent=mine.pid,
                terminal=mine.terminal,
            )
        except NoSuchProgramError as error:
            await self.complain(f"{error.name}: {error.reason}")
            return error.code
        code = await child.ended()
        if code == INTERRUPTED and mine.interactive:
            await mine.stdout.write(b"\n")
        return code

    async def _exec(self, words: list[str]) -> int:
        if not words:
            return 0
        self.process.arguments = words
        self.process.traps.clear()
        try:
            _, program = self.machine.find_program(words[0], self.environment())
        except NoSuchProgramError as error:
            await self.complain(f"exec: {error.name}: {error.reason}")
            raise Ended(error.code) from None
        self.process.environment = self.environment()
        code = await (program or self.machine.programs["sh"])(self.machine, self.process, words)
        raise Ended(code)

    # -- redirections

    def _streams(self) -> tuple[Readable, Writable, Writable]:
        return self.process.stdin, self.process.stdout, self.process.stderr

    def _restore(self, streams: tuple[Readable, Writable, Writable]) -> None:
        self.process.stdin, self.process.stdout, self.process.stderr = streams

    async def _cannot_open(self, error: FileError) -> None:
        reason = error.reason.replace("No such file or directory", "no such file")
        verb = "open" if error.reason.startswith("No such") else "create"
        await self.complain(f"can't {verb} {error.path}: {reason}")

    async def _redirect(self, redirects: list[syntax.Redirect]) -> None:
        process = self.process
        for redirect in redirects:
            target = await self.expand_one(redirect.target)
            if redirect.operator == "<<":
                process.stdin = Contents(encode(target))
            elif redirect.operator == "<":
                process.stdin = self.machine.reader(process, target)
            elif redirect.operator == "<&":
                process.stdin = Nothing() if target == "-" else process.stdin
            elif redirect.operator == ">&" and (target.isdigit() or target == "-"):
                self._set(redirect.descriptor, self._duplicate(target))
            else:
                append = redirect.operator.endswith(">>")
                stream = self.machine.writer(process, target, append=append)
                self._set(redirect.descriptor, stream)
                if redirect.operator.startswith("&") or redirect.operator == ">&":
                    self._set(2, stream)

    def _duplicate(self, target: str) -> Writable:
        streams = {"1": self.process.stdout, "2": self.process.stderr}
        if target == "-":
            return Nothing()
        if target not in streams:
            raise FileError(target, "Bad file descriptor")
        return streams[target]

    def _set(self, descriptor: int, stream: Writable) -> None:
        if descriptor == 1:
            self.process.stdout = stream
        elif descriptor == 2:
            self.process.stderr = stream

    # -- expansion

    async def expand(self, words: list[syntax.Word]) -> list[str]:
        """Words after all expansions, splitting and matching of files."""
        fields: list[str] = []
        for word in words:
            pieces = await self._pieces(word)
            for split in _split(pieces, self.variables.get("IFS", " \t\n")):
                fields += self._match_files(split)
        return fields

    async def expand_one(self, word: syntax.Word) -> str:
        """One word, neither split nor matched."""
        return "".join(
            (" " if piece.breaks else "") + piece.text for piece in await self._pieces(word)
        )

    async def _pattern(self, word: syntax.Word) -> str:
        pieces = await self._pieces(word)
        return "".join(_escaped(piece.text) if piece.quoted else piece.text for piece in pieces)

    def _match_files(self, pieces: list[Piece]) -> list[str]:
        text = "".join(piece.text for piece in pieces)
        wild = any(
            not piece.quoted and any(sign in piece.text for sign in WILDCARDS) for piece in pieces
        )
        if not wild or "f" in self.options:
            return [text]
        pattern = "".join(_escaped(piece.text) if piece.quoted else piece.text for piece in pieces)
        return self.machine.files.matches(pattern, self.process.directory) or [text]

    async def _pieces(self, word: syntax.Word) -> list[Piece]:
        pieces: list[Piece] = []
        for position, part in enumerate(word.parts):
            if isinstance(part, syntax.Text):
                text = part.text
                if position == 0 and not part.quoted and text.startswith("~"):
                    text = self._home(text)
                    pieces.append(Piece(text, quoted=True))
                else:
                    pieces.append(Piece(text, part.quoted))
            elif isinstance(part, syntax.Parameter):
                pieces += await self._parameter(part)
            elif isinstance(part, syntax.Substitution):
                pieces.append(Piece(await self._substitute(part.script), part.quoted))
            else:
                pieces.append(Piece(await self._compute(part), part.quoted))
        return pieces

    def _home(self, text: str) -> str:
        name, slash, rest = text.partition("/")
        home = self.variables.get("HOME", "/root") if name == "~" else name
        return home + slash + rest

    async def _compute(self, part: syntax.Arithmetic) -> str:
        try:
            return str(evaluate(await self.expand_one(part.expression), self.variables))
        except ArithmeticSyntaxError as error:
            raise ScriptError(str(error)) from None

    async def _substitute(self, script: syntax.Script) -> str:
        collected = bytearray()
        child = self._child(("sh",), stdout=Outlet(collected.extend))
        shell = self.fork(child)
        child.start(shell.as_process(shell.run(script)))
        self.status = await child.ended()
        self.saw_substitution = True
        return decode(bytes(collected)).rstrip("\n")

    def lookup(self, name: str) -> str | None:
        """The value of a parameter; nothing when it is not set."""
        if name.isdigit():
            position = int(name)
            if position == 0:
                return self.name
            return self.arguments[position - 1] if position <= len(self.arguments) else None
        special = {
            "?": str(self.status),
            "$": str(self._shell_pid()),
            "#": str(len(self.arguments)),
            "!": str(self.last_background) if self.last_background else "",
            "-": "".join(sorted(self.options)),
            "*": " ".join(self.arguments),
            "@": " ".join(self.arguments),
        }
        return special[name] if name in special else self.variables.get(name)

    def _shell_pid(self) -> int:
        process = self.process
        while process.arguments == ["sh"] and process.parent in process.table.processes:
            parent = process.table.processes[process.parent]
            if not parent.arguments[0].endswith("sh"):
                break
            process = parent
        return process.pid

    async def _parameter(self, part: syntax.Parameter) -> list[Piece]:
        value = self.lookup(part.name)
        if part.name == "@" and not part.operator:
            return self._all_arguments(part.quoted)
        if part.operator == "length":
            return [Piece(str(len(value or "")), part.quoted)]
        if part.operator in ("#", "##", "%", "%%"):
            pattern = await self._pattern(part.word or syntax.Word())
            return [Piece(_trimmed(value or "", part.operator, pattern), part.quoted)]
        if part.operator:
            return await self._defaulted(part, value)
        if value is None and "u" in self.options:
            raise ScriptError(f"{part.name}: parameter not set")
        return [Piece(value or "", part.quoted)]

    def _all_arguments(self, quoted: bool) -> list[Piece]:
        pieces = [Piece(text, quoted, breaks=i > 0) for i, text in enumerate(self.arguments)]
        return pieces or [Piece("", quoted=False)]

    async def _defaulted(self, part: syntax.Parameter, value: str | None) -> list[Piece]:
        word = part.word or syntax.Word()
        absent = value is None or (part.operator.startswith(":") and not value)
        action = part.operator[-1]
        if action == "+":
            return [] if absent else await self._pieces(word)
        if not absent:
            return [Piece(value or "", part.quoted)]
        if action == "?":
            raise ScriptError(f"{part.name}: {await self.expand_one(word) or 'parameter not set'}")
        pieces = await self._pieces(word)
        if action == "=":
            self.variables[part.name] = "".join(piece.text for piece in pieces)
        return pieces

    def change_directory(self, path: str) -> None:
        """Cd.

        Raises:
            FileError: There is no such directory.
        """
        full = self.machine.absolute(self.process, path)
        self.machine.files.directory(full)
        self.variables["OLDPWD"] = self.process.directory
        self.process.directory = full
        self.variables["PWD"] = full


def _closer(source: Readable | None, sink: Writable | None) -> Any:
    def close() -> None:
        if isinstance(sink, Pipe):
            sink.close_write()
        if isinstance(source, Pipe):
            source.close_read()

    return close


def _escaped(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)


def _trimmed(value: str, operator: str, pattern: str) -> str:
    lengths = range(len(value) + 1)
    longest = len(operator) == 2
    if operator[0] == "#":
        for length in reversed(lengths) if longest else lengths:
            if fnmatchcase(value[:length], pattern):
                return value[length:]
    else:
        for length in lengths if longest else reversed(lengths):
            if fnmatchcase(value[length:], pattern):
                return value[:length]
    return value


def _split(pieces: list[Piece], separators: str) -> list[list[Piece]]:
    """Fields of a word: unquoted text is cut at the separators."""
    fields: list[list[Piece]] = []
    current: list[Piece] | None = None
    for piece in pieces:
        if piece.breaks:
            fields.append(current or [])
            current = [Piece("", quoted=True)]
        if piece.quoted:
            current = [*(current or []), piece]
            continue
        text = piece.text
        start = 0
        for position, character in enumerate(text):
            if character in separators:
                if position > start:
                    current = [*(current or []), Piece(text[start:position], quoted=False)]
                if current is not None:
                    fields.append(current)
                    current = None
                start = position + 1
        if start < len(text):
            current = [*(current or []), Piece(text[start:], quoted=False)]
    if current is not None:
        fields.append(current)
    return fields


def script_name(path: str) -> str:
    """What the shell calls itself in its messages."""
    return posixpath.basename(path) or "sh"
