"""Compound commands at work: if, while, until, for and case."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Protocol, TypeAlias

from demo_cluster.toybox import syntax
from demo_cluster.toybox.control_flow import Loop
from demo_cluster.toybox.expansion import Scope, expand, expand_one, pattern_of
from demo_cluster.toybox.processes import Process

Compound: TypeAlias = syntax.If | syntax.While | syntax.For | syntax.Case


class Runner(Scope, Protocol):
    """A shell, as compound commands need it."""

    process: Process
    status: int
    tested: int
    """How many conditions are being looked at: a failure inside one is no error."""

    async def run(self, script: syntax.Script) -> int:
        """Run the statements; the last one's status."""
        ...


async def run_compound(shell: Runner, command: Compound) -> int:
    """Run it; its status."""
    if isinstance(command, syntax.If):
        return await _if(shell, command)
    if isinstance(command, syntax.While):
        return await _while(shell, command)
    if isinstance(command, syntax.For):
        return await _for(shell, command)
    return await _case(shell, command)


async def _if(shell: Runner, command: syntax.If) -> int:
    for condition, body in command.branches:
        if await _condition(shell, condition) == 0:
            return await _body(shell, body)
    return await _body(shell, command.otherwise) if command.otherwise else 0


async def _body(shell: Runner, script: syntax.Script) -> int:
    shell.status = 0
    return await shell.run(script)


async def _condition(shell: Runner, script: syntax.Script) -> int:
    shell.tested += 1
    try:
        return await shell.run(script)
    finally:
        shell.tested -= 1


async def _while(shell: Runner, command: syntax.While) -> int:
    code = 0
    while (await _condition(shell, command.condition) == 0) != command.until:
        try:
            code = await shell.run(command.body)
        except Loop as loop:
            if not _continues(loop):
                break
        await shell.process.breathe()
    return code


def _continues(loop: Loop) -> bool:
    if loop.levels > 1:
        raise Loop(loop.levels - 1, again=loop.again)
    return loop.again


async def _for(shell: Runner, command: syntax.For) -> int:
    words = shell.arguments if command.words is None else await expand(shell, command.words)
    code = 0
    for word in words:
        shell.variables[command.name] = word
        try:
            code = await shell.run(command.body)
        except Loop as loop:
            if not _continues(loop):
                break
        await shell.process.breathe()
    return code


async def _case(shell: Runner, command: syntax.Case) -> int:
    value = await expand_one(shell, command.word)
    for patterns, body in command.branches:
        for pattern in patterns:
            if fnmatchcase(value, await pattern_of(shell, pattern)):
                return await _body(shell, body)
    return 0
