"""Trees to Python code, once; a line then costs what it would cost a program written for it.

Each body becomes a function of the value at hand, the depth of calls and what collects text. What
stands in the template reaches the code as constants only. What failed, and where, is added to an
error on its way up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from kube_client.go_quote import quoted
from stern.errors import RenderError, TemplateError
from stern.template import nodes
from stern.template.members import member
from stern.template.parser import Parsed
from stern.template.record import FIELDS, Record
from stern.template.values import MISSING, is_true, printed, type_name

_MAX_DEPTH = 100

Emit = Callable[[str], object]
Program = Callable[[object, int, Emit], None]
Functions = Mapping[str, Callable[..., object]]


class Compiler:
    """Turns the trees of one template into functions."""

    def __init__(self, parsed: Parsed, functions: Functions) -> None:
        self._parsed = parsed
        self._functions = functions
        self._programs: dict[str, Program] = {}
        self._name = "log"

    def compile(self) -> Program:
        """The main body; the others are reached from it.

        Raises:
            TemplateError: Its blocks are nested deeper than any code can be.
        """
        for name, body in self._parsed.bodies.items():
            code = _BodyCode(self._parsed, self._functions, self._programs, name)
            self._programs[name] = code.program(body)
        return self._programs["log"]


class _BodyCode:
    """The code of one body."""

    def __init__(
        self,
        parsed: Parsed,
        functions: Functions,
        programs: Mapping[str, Program],
        name: str,
    ) -> None:
        self._parsed = parsed
        self._functions = functions
        self._programs = programs
        self._name = name
        self._lines: list[str] = []
        self._indent = 1
        self._count = 0
        self._variables: dict[str, str] = {"$": "root"}
        self._dot = "root"
        self._globals: dict[str, object] = {
            "MISSING": MISSING,
            "Record": Record,
            "is_true": is_true,
            "items_of": _items,
            "printed": printed,
        }

    def program(self, body: nodes.Body) -> Program:
        """The function that the body means."""
        self._body(body)
        names = sorted(set(self._variables.values()) - {"root"})
        declared = f"    {' = '.join(names)} = None\n" if names else ""
        head = "def program(root, depth, emit):\n"
        source = head + declared + "\n".join([*self._lines, "    return None"])
        try:
            exec(compile(source, f"<template {self._name}>", "exec"), self._globals)  # noqa: S102  # ours
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise TemplateError("the template's blocks are nested too deep") from error
        made = self._globals["program"]
        assert callable(made)
        return made

    # -- statements ----------------------------------------------------------------------------

    def _body(self, body: nodes.Body) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, statement: nodes.Statement) -> None:
        match statement:
            case nodes.Text(text):
                self._say(f"emit({self._constant(text)})")
            case nodes.Action(pipeline):
                value = self._pipeline(pipeline)
                if not pipeline.variables:
                    self._say(f"emit({value} if isinstance({value}, str) else printed({value}))")
            case nodes.If(pipeline, body, otherwise):
                self._branches(self._pipeline(pipeline), body, otherwise, keeps_dot=True)
            case nodes.With(pipeline, body, otherwise):
                self._branches(self._pipeline(pipeline), body, otherwise, keeps_dot=False)
            case nodes.Range():
                self._range(statement)
            case nodes.Leave(goes_on):
                self._say("continue" if goes_on else "break")
            case nodes.Call():
                self._call(statement)

    def _branches(
        self, value: str, body: nodes.Body, otherwise: nodes.Body, *, keeps_dot: bool
    ) -> None:
        with (
            self._block(f"if {value} or is_true({value}):"),
            self._at(self._dot if keeps_dot else value),
        ):
            self._body(body)
        if otherwise:
            with self._block("else:"):
                self._body(otherwise)

    def _range(self, statement: nodes.Range) -> None:
        pipeline = statement.pipeline
        names = [self._variable(name) for name in pipeline.variables]
        plain = nodes.Pipeline(pipeline.commands, (), pipeline.source, pipeline.offset)
        at = self._constant(self._place(pipeline.offset, pipeline.source))
        items, key, item = self._new(), self._new(), self._new()
        self._say(f"{items} = items_of({self._pipeline(plain)}, {at}, {len(names)})")
        with self._block(f"for {key}, {item} in {items}:"), self._at(item):
            for name, part in zip(names, (key, item)[-len(names) :], strict=False):
                self._say(f"{name} = {part}")
            self._body(statement.body)
        if statement.otherwise:
            with self._block(f"if not {items}:"):
                self._body(statement.otherwise)

    def _call(self, statement: nodes.Call) -> None:
        at = self._place(statement.offset, _shown_call(statement))
        name, programs = statement.name, self._programs

        def call(depth: int, dot: object, emit: Emit) -> None:
            if name not in programs:
                raise _failure(at, f'template "{name}" not defined')
            if depth >= _MAX_DEPTH:
                raise _failure(at, f"exceeded maximum template depth ({_MAX_DEPTH})")
            programs[name](dot, depth + 1, emit)

        dot = "None" if statement.pipeline is None else self._pipeline(statement.pipeline)
        self._say(f"{self._constant(call)}(depth, {dot}, emit)")

    # -- expressions: each says what is needed, and returns the name of its value ---------------

    def _pipeline(self, pipeline: nodes.Pipeline) -> str:
        value: str | None = None
        for command in pipeline.commands:
            value = self._command(command, value)
        assert value is not None
        if pipeline.variables:
            name = self._variable(pipeline.variables[-1])
            self._say(f"{name} = {value}")
        return value

    def _command(self, command: nodes.Command, piped: str | None) -> str:
        head, *rest = command.words
        if isinstance(head, nodes.Constant) and head.source == "nil":
            return self._raising(self._place(command.offset, "nil"), "nil is not a command")
        if isinstance(head, nodes.Function):
            return self._function(head, command, rest, piped)
        if isinstance(head, nodes.Chain) and (rest or piped):
            return self._method(head, command, rest, piped)
        value = self._operand(head)
        if rest or piped:
            at = self._place(command.offset, command.source)
            return self._raising(at, f"can't give argument to non-function {head.source}")
        return value

    def _function(
        self,
        head: nodes.Function,
        command: nodes.Command,
        rest: Sequence[nodes.Operand],
        piped: str | None,
    ) -> str:
        at = self._place(command.offset, command.source)
        if head.name in ("and", "or"):
            return self._lazy(rest, piped, at, head.name)
        arguments = self._arguments(rest, piped)
        called = self._constant(_caller(self._functions[head.name], head.name, at))
        return self._let(f"{called}({', '.join(arguments)})")

    def _arguments(self, rest: Sequence[nodes.Operand], piped: str | None) -> list[str]:
        values = [self._operand(word) for word in rest]
        return values if piped is None else [*values, piped]

    def _lazy(self, rest: Sequence[nodes.Operand], piped: str | None, at: str, name: str) -> str:
        """`and` and `or`, which look at no more than they need."""
        if not rest and piped is None:
            return self._raising(at, f"wrong number of args for {name}: want at least 1 got 0")
        result = self._new()
        goes_on = "" if name == "and" else "not "
        indent = self._indent
        for number, word in enumerate([*rest, None] if piped is not None else rest):
            if number:
                self._say(f"if {goes_on}is_true({result}):")
                self._indent += 1
            self._say(f"{result} = {piped if word is None else self._operand(word)}")
        self._indent = indent
        return result

    def _method(
        self,
        chain: nodes.Chain,
        command: nodes.Command,
        rest: Sequence[nodes.Operand],
        piped: str | None,
    ) -> str:
        *path, last = chain.names
        arguments = self._arguments(rest, piped)
        start = self._walk(self._operand(chain.start), path, chain)
        at = self._place(command.offset, command.source)

        def call(value: object, *arguments: object) -> object:
            try:
                return member(value, last, arguments)
            except RenderError as error:
                raise _placed(error, at) from error

        return self._let(f"{self._constant(call)}({', '.join([start, *arguments])})")

    def _operand(self, word: nodes.Operand) -> str:
        match word:
            case nodes.Constant(value):
                return self._constant(value)
            case nodes.Dot():
                return self._dot
            case nodes.Variable(name):
                return self._let(self._variable(name))
            case nodes.Function(name):
                at = self._place(word.offset, word.source)
                called = _caller(self._functions.get(name, _lazy_alone), name, at)
                return self._let(f"{self._constant(called)}()")
            case nodes.Chain(start, names):
                return self._walk(self._operand(start), names, word)
            case nodes.Pipeline():
                return self._pipeline(word)

    def _walk(self, value: str, names: Sequence[str], chain: nodes.Chain) -> str:
        at = self._place(chain.offset, chain.source)
        for number, name in enumerate(names):
            step = self._constant(_stepper(name, at, is_first=number == 0))
            field = FIELDS.get(name)
            other = f"{step}({value})"
            if field is not None:
                other = f"{value}.{field} if type({value}) is Record else {other}"
            key = self._constant(name)
            value = self._let(f"{value}.get({key}, MISSING) if type({value}) is dict else {other}")
        return value

    # -- code ----------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        self._lines.append("    " * self._indent + line)

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        self._say(head)
        self._indent += 1
        yield
        self._say("pass")
        self._indent -= 1

    @contextmanager
    def _at(self, dot: str) -> Iterator[None]:
        """Another value at hand."""
        outer, self._dot = self._dot, dot
        yield
        self._dot = outer

    def _new(self) -> str:
        self._count += 1
        return f"t{self._count}"

    def _let(self, expression: str) -> str:
        name = self._new()
        self._say(f"{name} = {expression}")
        return name

    def _variable(self, name: str) -> str:
        return self._variables.setdefault(name, f"v{len(self._variables)}")

    def _constant(self, value: object) -> str:
        name = f"k{len(self._globals)}"
        self._globals[name] = value
        return name

    def _raising(self, at: str, reason: str) -> str:
        def fail() -> None:
            raise _failure(at, reason)

        return self._let(f"{self._constant(fail)}()")

    def _place(self, offset: int, source: str) -> str:
        """Where something stands, as Go's messages begin."""
        before = self._parsed.source[:offset]
        line = before.count("\n") + 1
        column = len(before.rpartition("\n")[2].encode("utf-8", "surrogateescape"))
        return f'template: log:{line}:{column}: executing "{self._name}" at <{source}>: '


def _shown_call(statement: nodes.Call) -> str:
    argument = f" {statement.pipeline.source}" if statement.pipeline else ""
    return f"{{{{template {quoted(statement.name)}{argument}}}}}"


def _items(value: object, at: str, variables: int) -> list[tuple[object, object]]:
    """What a range goes over: keys or numbers, and values."""
    if value is None or value is MISSING:
        return []
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    if isinstance(value, int) and not isinstance(value, bool):
        if variables > 1:
            raise _failure(at, f"can't use {value} to iterate over more than one variable")
        return [(number, number) for number in range(value)]
    raise _failure(at, f"range can't iterate over {printed(value)}")


def _lazy_alone(*_arguments: object) -> object:
    raise RenderError("missing arguments")


def _stepper(name: str, at: str, *, is_first: bool) -> Callable[[object], object]:
    """What stands behind a dot and a name, of anything but a plain map."""

    def step(found: object) -> object:
        if found is MISSING:
            return found
        if found is None and not is_first:
            raise _failure(at, f"nil pointer evaluating interface {{}}.{name}")
        try:
            return member(found, name)
        except RenderError as error:
            raise _placed(error, at) from error

    return step


def _caller(function: Callable[..., object], name: str, at: str) -> Callable[..., object]:
    """The function, with its place in what goes wrong."""

    def call(*values: object) -> object:
        for value in values:
            if value is MISSING:
                values = tuple(None if value is MISSING else value for value in values)
                break
        try:
            return function(*values)
        except RenderError as error:
            if _is_placed(error):
                raise
            raise _failure(at, f"error calling {name}: {error}") from error
        except TypeError as error:
            wanted = wanted_arguments(function)
            raise _failure(
                at, f"wrong number of args for {name}: want {wanted} got {len(values)}"
            ) from error

    return call


def wanted_arguments(function: Callable[..., object]) -> str:
    """How many arguments a function takes, in words."""
    from inspect import Parameter, signature

    kinds = list(signature(function).parameters.values())
    several = any(kind.kind is Parameter.VAR_POSITIONAL for kind in kinds)
    least = sum(kind.kind is not Parameter.VAR_POSITIONAL for kind in kinds)
    return f"at least {least}" if several else str(least)


def _failure(at: str, reason: str) -> RenderError:
    return RenderError(f"expanding template failed: {at}{reason}")


def _is_placed(error: RenderError) -> bool:
    return str(error).startswith("expanding template failed: ")


def _placed(error: RenderError, at: str) -> RenderError:
    return error if _is_placed(error) else _failure(at, str(error))


__all__ = ["Compiler", "Program", "type_name"]
