"""The shell at work: runs commands, connects pipes, minds traps."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from demo_cluster.toybox import syntax
from demo_cluster.toybox.compounds import run_compound
from demo_cluster.toybox.control_flow import Loop, Return, ScriptError
from demo_cluster.toybox.expansion import expand, expand_one
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.machine import (
    CANNOT_FORK,
    Machine,
    NoSuchProgramError,
    decode,
    encode,
)
from demo_cluster.toybox.parser import parse
from demo_cluster.toybox.processes import Ended, Nothing, Outlet, Pipe, Process, Readable, Writable
from demo_cluster.toybox.redirections import give_streams, open_failure, redirect, streams_of

DEPTH_LIMIT = 200
INTERRUPTED = 130
NOTABLE_SIZE = 1 << 20
LARGEST_VALUE = 64 << 20


Builtin = Callable[["Shell", list[str]], Awaitable[int]]
"""A command that the shell runs inside itself."""


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
        if mine.table.is_full:
            raise ScriptError(CANNOT_FORK)
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
        saved = streams_of(self.process)
        try:
            await redirect(self.machine, self.process, command.redirects, self._word)
            if isinstance(command, syntax.Group):
                self.status = await self._group(command)
            else:
                self.status = await run_compound(self, command)
        except FileError as error:
            await self.complain(open_failure(error))
            self.status = 1
        finally:
            give_streams(self.process, saved)
        return self.status

    async def _group(self, command: syntax.Group) -> int:
        if not command.subshell:
            return await self.run(command.body)
        child = self._child(("sh",))
        shell = self.fork(child)
        child.start(shell.as_process(shell.run(command.body)))
        return await child.ended()

    async def _simple(self, command: syntax.Simple) -> int:
        self.saw_substitution = False
        words = await expand(self, command.words)
        if "x" in self.options and words:
            await self.process.stderr.write(encode("+ " + " ".join(words) + "\n"))
        saved = streams_of(self.process)
        try:
            await redirect(self.machine, self.process, command.redirects, self._word)
            if not words:
                return await self._assign(command)
            if words[0] == "exec":
                return await self._exec(words[1:])
            return await self._call(command, words)
        except FileError as error:
            await self.complain(open_failure(error))
            return 1
        finally:
            if words != ["exec"]:
                give_streams(self.process, saved)

    async def _assign(self, command: syntax.Simple) -> int:
        for name, word in command.assignments:
            value = await expand_one(self, word)
            if len(value) > NOTABLE_SIZE:
                self.machine.on_memory(len(value))
            if len(value) > LARGEST_VALUE:
                raise ScriptError("out of memory")
            self.variables[name] = value
        return self.status if self.saw_substitution else 0

    async def _call(self, command: syntax.Simple, words: list[str]) -> int:
        temporary = {name: await expand_one(self, word) for name, word in command.assignments}
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

    # -- what words need

    async def _word(self, word: syntax.Word) -> str:
        return await expand_one(self, word)

    async def substitute(self, script: syntax.Script) -> str:
        """What the script prints, run in a process of its own."""
        collected = bytearray()

        def collect(data: bytes) -> None:
            if len(collected) > LARGEST_VALUE:
                raise FileError("write error", "Cannot allocate memory")
            collected.extend(data)

        child = self._child(("sh",), stdout=Outlet(collect))
        shell = self.fork(child)
        child.start(shell.as_process(shell.run(script)))
        self.status = await child.ended()
        self.saw_substitution = True
        return decode(bytes(collected)).rstrip("\n")

    def matching_files(self, pattern: str) -> list[str]:
        """The files that the pattern matches, from where the shell is.

        Raises:
            ScriptError: They are too many.
        """
        try:
            return self.machine.files.matches(pattern, self.process.directory)
        except FileError as error:
            raise ScriptError(f"{error.path}: {error.reason}") from error

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


def script_name(path: str) -> str:
    """What the shell calls itself in its messages."""
    return posixpath.basename(path) or "sh"
