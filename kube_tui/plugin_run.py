"""A plugin's command line with its holes filled, and its run. Never through a shell."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kube_tui.actions.action import Desk, Subject
from kube_tui.actions.question import Confirm, Field, Form
from kube_tui.plugin_files import Plugin, PluginInput
from kube_tui.rows.row import Tone

_HOLE = re.compile(r"\$(?:\{(?P<not1>!?)(?P<braced>[\w%/: -]+)\}|(?P<not2>!?)(?P<bare>[\w-]+))")
_TRUTHS = {"true": True, "yes": True, "t": True, "false": False, "no": False, "f": False}
_TOLD_BYTES = 4000


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every `$NAME`, `${NAME}`, `$!NAME` filled in; unknown names stay.

    Of a bare name the longest known beginning counts, so that `$NAME-x` works.
    """

    def value(match: re.Match[str]) -> str:
        name = (match["braced"] or match["bare"]).upper()
        negate = bool(match["not1"] or match["not2"])
        rest = ""
        if match["bare"]:
            name, rest = _longest(match["bare"], values)
        found = values.get(name)
        return match[0] if found is None else _negated(found, negate=negate) + rest

    return _HOLE.sub(value, text)


def _longest(bare: str, values: Mapping[str, str]) -> tuple[str, str]:
    for end in range(len(bare), 0, -1):
        if bare[:end].upper() in values:
            return bare[:end].upper(), bare[end:]
    return bare.upper(), ""


def _negated(value: str, *, negate: bool) -> str:
    truth = _TRUTHS.get(value.lower())
    if truth is None:
        return value
    return str(truth != negate).lower() if negate or value.lower() in ("true", "false") else value


def command_line(plugin: Plugin, values: Mapping[str, str]) -> list[str]:
    """The program and its arguments. A value stays inside its argument, whatever it holds."""
    return [plugin.command, *(fill(arg, values) for arg in plugin.args)]


async def run_plugin(
    desk: Desk, plugin: Plugin, values: Mapping[str, str], subject: Subject | None
) -> None:
    """Ask what the plugin wants to know, whether it may, and run it."""
    answers: dict[str, str] = {}
    if plugin.inputs:
        form = Form(plugin.description, tuple(map(_field, plugin.inputs)), yes="Go on")
        filled = await desk.fill(form)
        if filled is None:
            return
        answers = {f"INPUT_{name.upper()}": value for name, value in filled.items()}
    command = command_line(plugin, {**values, **answers})
    where = f"for {subject.words} on {desk.session.context}" if subject else ""
    if plugin.confirm and not await desk.confirm(
        Confirm(
            f"Run {plugin.description} {where}?",
            shlex.join(command),
            yes="Run",
            is_destructive=plugin.dangerous,
        )
    ):
        return
    environment = plugin_environment(os.environ, values.get("KUBECONFIG", ""))
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        desk.say(f"{command[0]} is not on the PATH; {plugin.name} needs it.", Tone.BROKEN)
    elif plugin.background:
        await _run_behind(desk, plugin, [program, *command[1:]], environment)
    else:
        await _run_in_front(desk, plugin, [program, *command[1:]], environment)


def plugin_environment(environment: Mapping[str, str], kubeconfig: str) -> dict[str, str]:
    """The person's own, our programs found too, and the kubeconfig that we were given."""
    path = environment.get("PATH", os.defpath)
    ours = {"PATH": os.pathsep.join([path, str(Path(sys.executable).parent)])}
    if kubeconfig:
        ours["KUBECONFIG"] = kubeconfig
    return {**environment, **ours}


def _field(asked: PluginInput) -> Field:
    return Field(asked.name, asked.label, asked.kind, asked.default, asked.options, asked.required)


async def _run_behind(
    desk: Desk, plugin: Plugin, command: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Without leaving the screen; what it said last is the news."""
    desk.say(f"{plugin.description} runs ...", Tone.BUSY)
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    said = (err or out).decode(errors="replace").strip()
    if process.returncode:
        desk.say(f"{plugin.description}: {_ended(process.returncode)} {said[-300:]}", Tone.BROKEN)
    elif plugin.overwrite_output and out.strip():
        desk.say(out.decode(errors="replace").strip()[:_TOLD_BYTES])
    else:
        desk.say(f"{plugin.description}: done.")


async def _run_in_front(
    desk: Desk, plugin: Plugin, command: Sequence[str], environment: Mapping[str, str]
) -> None:
    """With the whole terminal, error messages included."""
    with desk.terminal():
        process = await asyncio.create_subprocess_exec(*command, env=environment)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
    if code not in (0, 130, -2):
        desk.say(f"{plugin.description}: {_ended(code)}", Tone.BROKEN)


def _ended(code: int) -> str:
    return f"ended with code {code}." if code > 0 else f"was ended by signal {-code}."
