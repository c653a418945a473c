"""Trees to Python functions, once; a line then costs calls only, and no look at the template.

A compiled expression takes the frame (dot and variables) and gives a value. A compiled body takes
the frame and a function that collects text. What failed, and where, is added to an error on its way
up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stern.errors import RenderError
from stern.template import nodes
from stern.template.members import member
from stern.template.parser import Parsed
from stern.template.record import FIELDS, Record
from stern.template.values import MISSING, is_true, printed, type_name

_MAX_DEPTH = 100
_NOTHING = object()


@dataclass(slots=True)
class Frame:
    """Where a body runs: the value at hand, and the variables by name."""

    dot: object
    variables: dict[str, object] = field(default_factory=dict)
    depth: int = 0


Expression = Callable[[Frame], object]
Emit = Callable[[str], object]
Program = Callable[[Frame, Emit], None]
Functions = Mapping[str, Callable[..., object]]


class _Leave(Exception):  # noqa: N818  # a way out of a loop, no error
    def __init__(self, *, goes_on: bool) -> None:
        super().__init__()
        self.goes_on = goes_on


class Compiler:
    """Turns the trees of one template into functions."""

    def __init__(self, parsed: Parsed, functions: Functions) -> None:
        self._parsed = parsed
        self._functions = functions
        self._programs: dict[str, Program] = {}
        self._name = "log"

    def compile(self) -> Program:
        """The main body; the others are reached from it."""
        for name, body in self._parsed.bodies.items():
            self._name = name
            self._programs[name] = self._body(body)
        return self._programs["log"]

    # -- statements ----------------------------------------------------------------------------

    def _body(self, body: nodes.Body) -> Program:
        steps = [self._statement(statement) for statement in body]
        if len(steps) == 1:
            return steps[0]

        def run(frame: Frame, emit: Emit) -> None:
            for step in steps:
                step(frame, emit)

        return run

    def _statement(self, statement: nodes.Statement) -> Program:
        match statement:
            case nodes.Text(text):
                return lambda _frame, emit: _emit(emit, text)
            case nodes.Action(pipeline):
                return self._action(pipeline)
            case nodes.If(pipeline, body, otherwise):
                return self._condition(pipeline, body, otherwise, keeps_dot=True)
            case nodes.With(pipeline, body, otherwise):
                return self._condition(pipeline, body, otherwise, keeps_dot=False)
            case nodes.Range():
                return self._range(statement)
            case nodes.Leave(goes_on):
                return _leaver(goes_on=goes_on)
            case nodes.Call():
                return self._call(statement)

    def _action(self, pipeline: nodes.Pipeline) -> Program:
        value = self._pipeline(pipeline)
        if pipeline.variables:
            return lambda frame, _emit: _ignore(value(frame))

        def run(frame: Frame, emit: Emit) -> None:
            found = value(frame)
            emit(found if type(found) is str else printed(found))

        return run

    def _condition(
        self,
        pipeline: nodes.Pipeline,
        body: nodes.Body,
        otherwise: nodes.Body,
        *,
        keeps_dot: bool,
    ) -> Program:
        value = self._pipeline(pipeline)
        then, other = self._body(body), self._body(otherwise)

        def run(frame: Frame, emit: Emit) -> None:
            found = value(frame)
            if not is_true(found):
                other(frame, emit)
            elif keeps_dot:
                then(frame, emit)
            else:
                _run_with(found, then, frame, emit)

        return run

    def _range(self, statement: nodes.Range) -> Program:
        pipeline = statement.pipeline
        names = pipeline.variables
        plain = nodes.Pipeline(pipeline.commands, (), pipeline.source, pipeline.offset)
        value = self._pipeline(plain)
        body, otherwise = self._body(statement.body), self._body(statement.otherwise)
        at = self._place(pipeline.offset, pipeline.source)

        def run(frame: Frame, emit: Emit) -> None:
            items = _items(value(frame), at, len(names))
            for key, item in items:
                frame.variables.update(zip(names, (key, item)[-len(names) :], strict=False))
                try:
                    _run_with(item, body, frame, emit)
                except _Leave as leave:
                    if not leave.goes_on:
                        break
            if not items:
                otherwise(frame, emit)

        return run

    def _call(self, statement: nodes.Call) -> Program:
        argument = None if statement.pipeline is None else self._pipeline(statement.pipeline)
        at = self._place(statement.offset, f"{{{{template {statement.name!r}}}}}")

        def run(frame: Frame, emit: Emit) -> None:
            program = self._programs.get(statement.name)
            if program is None:
                raise _failure(at, f'template "{statement.name}" not defined')
            if frame.depth >= _MAX_DEPTH:
                raise _failure(at, f"exceeded maximum template depth ({_MAX_DEPTH})")
            dot = None if argument is None else argument(frame)
            program(Frame(dot, {"$": dot}, frame.depth + 1), emit)

        return run

    # -- expressions ---------------------------------------------------------------------------

    def _pipeline(self, pipeline: nodes.Pipeline) -> Expression:
        first, *rest = pipeline.commands
        value = self._command(first, None)
        for command in rest:
            value = self._command(command, value)
        return _keeper(value, pipeline) if pipeline.variables else value

    def _command(self, command: nodes.Command, piped: Expression | None) -> Expression:
        head, *rest = command.words
        if isinstance(head, nodes.Constant) and head.source == "nil":
            return _raiser(self._place(command.offset, "nil"), "nil is not a command")
        if isinstance(head, nodes.Function):
            return self._function(head, command, rest, piped)
        if isinstance(head, nodes.Chain) and (rest or piped):
            return self._method(head, command, rest, piped)
        value = self._operand(head)
        if rest or piped:
            at = self._place(command.offset, command.source)
            return _raiser(at, f"can't give argument to non-function {head.source}")
        return value

    def _function(
        self,
        head: nodes.Function,
        command: nodes.Command,
        rest: Sequence[nodes.Operand],
        piped: Expression | None,
    ) -> Expression:
        arguments = [self._operand(word) for word in rest]
        if piped is not None:
            arguments.append(piped)
        at = self._place(command.offset, command.source)
        if head.name in ("and", "or"):
            return _lazy(arguments, at, stops_at=head.name == "or", name=head.name)
        return _caller(self._functions[head.name], head.name, arguments, at)

    def _method(
        self,
        chain: nodes.Chain,
        command: nodes.Command,
        rest: Sequence[nodes.Operand],
        piped: Expression | None,
    ) -> Expression:
        *path, last = chain.names
        start = self._walk(self._operand(chain.start), tuple(path), chain)
        arguments = [self._operand(word) for word in rest]
        if piped is not None:
            arguments.append(piped)
        at = self._place(command.offset, command.source)

        def run(frame: Frame) -> object:
            values = [argument(frame) for argument in arguments]
            try:
                return member(start(frame), last, values)
            except RenderError as error:
                raise _placed(error, at) from error

        return run

    def _operand(self, word: nodes.Operand) -> Expression:
        match word:
            case nodes.Constant(value):
                return lambda _frame: value
            case nodes.Dot():
                return lambda frame: frame.dot
            case nodes.Variable(name):
                return lambda frame: frame.variables[name]
            case nodes.Function(name):
                at = self._place(word.offset, word.source)
                return _caller(self._functions.get(name, _lazy_alone), name, [], at)
            case nodes.Chain(start, names):
                return self._walk(self._operand(start), names, word)
            case nodes.Pipeline():
                return self._pipeline(word)

    def _walk(self, start: Expression, names: tuple[str, ...], chain: nodes.Chain) -> Expression:
        at = self._place(chain.offset, chain.source)
        value = start
        for number, name in enumerate(names):
            value = _stepper(value, name, at, is_first=number == 0)
        return value

    def _place(self, offset: int, source: str) -> str:
        """Where something stands, as Go's messages begin."""
        before = self._parsed.source[:offset]
        line = before.count("\n") + 1
        column = len(before.rpartition("\n")[2].encode("utf-8", "surrogateescape"))
        return f'template: log:{line}:{column}: executing "{self._name}" at <{source}>: '


def _emit(emit: Emit, text: str) -> None:
    emit(text)


def _ignore(_value: object) -> None:
    return None


def _leaver(*, goes_on: bool) -> Program:
    def run(_frame: Frame, _emit: Emit) -> None:
        raise _Leave(goes_on=goes_on)

    return run


def _raiser(at: str, reason: str) -> Expression:
    def run(_frame: Frame) -> object:
        raise _failure(at, reason)

    return run


def _keeper(value: Expression, pipeline: nodes.Pipeline) -> Expression:
    name = pipeline.variables[-1]

    def run(frame: Frame) -> object:
        found = frame.variables[name] = value(frame)
        return found

    return run


def _run_with(dot: object, program: Program, frame: Frame, emit: Emit) -> None:
    """Run a body with another value at hand."""
    outer, frame.dot = frame.dot, dot
    try:
        program(frame, emit)
    finally:
        frame.dot = outer


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


def _lazy(arguments: Sequence[Expression], at: str, *, stops_at: bool, name: str) -> Expression:
    if not arguments:
        return _raiser(at, f"wrong number of args for {name}: want at least 1 got 0")

    def run(frame: Frame) -> object:
        value: object = None
        for argument in arguments:
            value = argument(frame)
            if is_true(value) is stops_at:
                return value
        return value

    return run


def _stepper(value: Expression, name: str, at: str, *, is_first: bool) -> Expression:
    attribute = FIELDS.get(name, "")

    def run(frame: Frame) -> object:
        found = value(frame)
        kind = type(found)
        if kind is dict:
            return found.get(name, MISSING)  # type: ignore[attr-defined]  # it is a dict
        if kind is Record and attribute:
            return getattr(found, attribute)
        if found is MISSING:
            return found
        if found is None and not is_first:
            raise _failure(at, f"nil pointer evaluating interface {{}}.{name}")
        try:
            return member(found, name)
        except RenderError as error:
            raise _placed(error, at) from error

    return run


def _caller(
    function: Callable[..., object], name: str, arguments: Sequence[Expression], at: str
) -> Expression:
    def run(frame: Frame) -> object:
        values = [argument(frame) for argument in arguments]
        if MISSING in values:
            values = [None if value is MISSING else value for value in values]
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

    return run


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


__all__ = ["Compiler", "Frame", "Program", "type_name"]
