"""The shell as a program, and its own commands as programs: sh, test, kill, pwd."""

from __future__ import annotations

from demo_cluster.toybox import syntax
from demo_cluster.toybox.builtins import BUILTINS, run_text
from demo_cluster.toybox.command_line import complain
from demo_cluster.toybox.control_flow import Loop, Return, ScriptError
from demo_cluster.toybox.filesystem import FileError
from demo_cluster.toybox.interpreter import Shell, script_name
from demo_cluster.toybox.machine import Machine, Program, decode, encode
from demo_cluster.toybox.parser import parse
from demo_cluster.toybox.processes import Process
from demo_cluster.toybox.terminal import LineEditor, Terminal

BANNER = (
    "\n\nBusyBox v1.36.1 (2024-05-18 03:34:36 UTC) built-in shell (ash)\n"
    "Enter 'help' for a list of built-in commands.\n\n"
)


async def shell(machine: Machine, process: Process, arguments: list[str]) -> int:
    """sh, ash and bash: `-c text`, a script, stdin, or a person at a terminal."""
    state = Shell.of(machine, process, BUILTINS)
    state.name = script_name(arguments[0])
    words = list(arguments[1:])
    text: str | None = None
    while words and words[0].startswith("-") and words[0] != "-":
        flag = words.pop(0)
        if "c" in flag and not flag.startswith("--") and words:
            text = words.pop(0)
        state.options |= set(flag[1:]) & set("exuf")
    if text is None and words:
        text, state.name = _script_text(machine, process, words[0]), words[0]
        state.arguments = words[1:]
        if text is None:
            return await complain(process, arguments[0], f"can't open '{words[0]}'") + 1
    elif words:
        state.name, state.arguments = words[0], words[1:]
    if text is None and process.terminal != "?":
        work = _converse(state)
    elif text is None:
        work = _from_stdin(state)
    else:
        work = run_text(state, text)
    return await state.as_process(work)


def _script_text(machine: Machine, process: Process, path: str) -> str | None:
    try:
        return decode(machine.files.read(machine.absolute(process, path)))
    except FileError:
        return None


async def _from_stdin(state: Shell) -> int:
    text = ""
    pending = b""
    while True:
        piece = await state.process.stdin.read()
        pending += piece
        *lines, pending = pending.split(b"\n") if piece else [pending, b""]
        for line in lines:
            text += decode(line) + "\n"
            try:
                script = parse(text)
            except syntax.UnfinishedError:
                continue
            except syntax.ShellSyntaxError as error:
                await state.complain(str(error))
                return 2
            text = ""
            await state.run(script)
        if not piece:
            return state.status


async def _converse(state: Shell) -> int:
    process = state.process
    terminal = process.session
    if not isinstance(terminal, Terminal):
        return await _from_stdin(state)
    process.interactive = True
    editor = LineEditor(terminal, state.machine.files)
    if "bash" not in state.name:
        await process.stdout.write(encode(BANNER))
    text = ""
    while True:
        prompt = "> " if text else _prompt(state)
        line = await editor.read_line(prompt, process.directory)
        if line is None:
            if text:
                text = ""
                continue
            return state.status
        text += line + "\n"
        try:
            script = parse(text)
        except syntax.UnfinishedError:
            continue
        except syntax.ShellSyntaxError as error:
            await state.complain(str(error))
            state.status, text = 2, ""
            continue
        text = ""
        await _run_line(state, script)


async def _run_line(state: Shell, script: syntax.Script) -> None:
    try:
        await state.run(script)
    except (Loop, Return):
        pass
    except ScriptError as error:
        await state.complain(str(error))
        state.status = 2


def _prompt(state: Shell) -> str:
    here = state.process.directory
    home = state.variables.get("HOME", "/root")
    shown = "~" + here.removeprefix(home) if here == home or here.startswith(home + "/") else here
    sign = "#" if state.machine.user == "root" else "$"
    if "bash" in state.name:
        return f"{state.machine.user}@{state.machine.hostname}:{shown}{sign} "
    return f"{shown} {sign} "


def builtin(name: str) -> Program:
    """A builtin of the shell as a program of its own (`/usr/bin/test`, `/bin/kill`)."""

    async def run(machine: Machine, process: Process, arguments: list[str]) -> int:
        return await BUILTINS[name](Shell.of(machine, process, BUILTINS), list(arguments[1:]))

    return run


PROGRAMS: dict[str, Program] = {
    "sh": shell,
    "ash": shell,
    "test": builtin("test"),
    "[": builtin("["),
    "kill": builtin("kill"),
    "pwd": builtin("pwd"),
}
DEBIAN_PROGRAMS: dict[str, Program] = {"bash": shell}
